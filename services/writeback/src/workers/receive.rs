//! Empties the write-back mailbox: stores each message as it came, tells MESH, then applies it.

use std::{collections::HashSet, time::Duration};

use ehub_mesh::{MeshClient, MeshError};
use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::metrics::{Counter, counter};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all};
use tokio_util::sync::CancellationToken;

use crate::{
    mesh,
    operations::apply_inbound::{Applied, ApplyNext, Land},
};

static ANSWERS: Counter =
    counter("ehub.writeback.answers", "{message}", "Messages of the write-back mailbox, by what became of them.");

/// How many messages are taken at once.
const AT_ONCE: usize = 6;
/// MESH wants to hear of a mailbox once a day.
const HANDSHAKE: Duration = Duration::from_secs(24 * 3600);

/// Receives acknowledgements and reports.
#[derive(Debug, Clone)]
pub struct Receive {
    /// The work role's database.
    pub db: Db,
    /// The mailbox.
    pub client: MeshClient,
    /// How often it is polled.
    pub poll: Duration,
}

/// Why a round did not end well.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the mailbox could not be read")]
    Mesh(#[from] MeshError),
    #[error("a message could not be kept or applied")]
    Storage(#[from] StorageError),
}

impl Receive {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut greeted = None;
        while !stop.is_cancelled() {
            if let Err(error) = self.round(&mut greeted, &stop).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the write-back mailbox was not emptied; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(self.poll) => {}
            }
        }
    }

    async fn round(
        &self,
        greeted: &mut Option<std::time::Instant>,
        stop: &CancellationToken,
    ) -> Result<(), RoundError> {
        // What was stored before a crash is applied whether MESH answers or not.
        self.apply_all().await?;
        let now = self.db.clock().monotonic();
        if greeted.is_none_or(|at| now - at >= HANDSHAKE) {
            self.client.handshake().await?;
            *greeted = Some(now);
        }
        let inbox: HashSet<String> = self.client.inbox(None).await?.into_iter().collect();
        // Side by side: MESH answers slower than we store.
        futures_util::stream::iter(inbox)
            .take_until(stop.cancelled())
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, async |id: String| self.take(&id).await)
            .await?;
        self.apply_all().await?;
        Ok(())
    }

    /// Stores a message, and only then tells MESH that we have it.
    async fn take(&self, id: &str) -> Result<(), RoundError> {
        let received = match self.client.download(id).await {
            Ok(received) => received,
            // Another replica was faster.
            Err(MeshError::Gone) => return Ok(()),
            Err(error) => {
                // One message that cannot be had must not keep the others waiting.
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a message of the write-back mailbox could not be downloaded");
                return Ok(());
            }
        };
        self.db.run(&Scope::work(), &Land(mesh::landed(received))).await?;
        match self.client.acknowledge(id).await {
            Ok(()) | Err(MeshError::Gone) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Applies until nothing waits: one looks first, several work when there is something. Answers to
    /// one document take turns at its row, and may come in any order.
    async fn apply_all(&self) -> Result<(), StorageError> {
        if self.apply_one().await? {
            try_join_all((0..AT_ONCE).map(async |_| {
                while self.apply_one().await? {}
                Ok::<(), StorageError>(())
            }))
            .await?;
        }
        Ok(())
    }

    /// Applies the oldest that waits; gives whether there was one.
    async fn apply_one(&self) -> Result<bool, StorageError> {
        let applied = self.db.run(&Scope::work(), &ApplyNext { read: mesh::read }).await?;
        if applied == Applied::Nothing {
            return Ok(false);
        }
        if matches!(applied, Applied::Unmatched | Applied::Unreadable) {
            tracing::error!(outcome = applied.as_str(), "an answer fits none of our documents; it is kept");
        }
        ANSWERS.add(1, &[("ehub.outcome", applied.as_str())]);
        Ok(true)
    }
}
