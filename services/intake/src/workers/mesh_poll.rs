//! Fetches what waits in the mailbox: download, store, and only then tell MESH.

use std::time::{Duration, Instant};

use ehub_clock::Clock;
use ehub_mesh::{MeshClient, MeshError, MessageType, Received};
use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::job_span;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    operations::land::{KnownMessage, LandMessage},
    storage::landed::{Arrival, Content, Known},
};

/// How many messages are fetched at once.
const AT_ONCE: usize = 6;

/// Polls one mailbox.
#[derive(Debug)]
pub struct MeshPoll {
    /// The database, as the work role.
    pub db: Db,
    /// The mailbox.
    pub mesh: MeshClient,
    /// How often the inbox is looked at.
    pub poll: Duration,
    /// How often MESH is told that the mailbox is in use.
    pub handshake: Duration,
    /// Measures intervals.
    pub clock: Clock,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("MESH gave no answer")]
    Mesh(#[from] MeshError),
    #[error("a message could not be stored")]
    Storage(#[from] StorageError),
}

impl MeshPoll {
    /// Polls until stopped.
    pub async fn run(self, stop: CancellationToken) {
        let mut shaken: Option<Instant> = None;
        loop {
            if let Err(error) = self.round(&mut shaken, &stop).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the mailbox could not be polled");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.poll) => {}
            }
        }
    }

    async fn round(&self, shaken: &mut Option<Instant>, stop: &CancellationToken) -> Result<(), Error> {
        let now = self.clock.monotonic();
        if shaken.is_none_or(|last| now.duration_since(last) >= self.handshake) {
            self.mesh.handshake().await?;
            *shaken = Some(now);
        }
        let inbox = self.mesh.inbox(None).await?;
        // Side by side: MESH answers slower than we store.
        futures_util::stream::iter(inbox)
            .take_until(stop.cancelled())
            .for_each_concurrent(AT_ONCE, async |id| {
                // One bad message must not hide those behind it.
                async {
                    if let Err(error) = self.fetch(&id).await {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "a message could not be fetched; it stays in the inbox"
                        );
                    }
                }
                .instrument(job_span("fetch_message", None))
                .await;
            })
            .await;
        Ok(())
    }

    async fn fetch(&self, mesh_id: &str) -> Result<(), Error> {
        let taken = i64::try_from(self.mesh.max_message_bytes()).unwrap_or(i64::MAX);
        let known = self.db.run(&Scope::work(), &KnownMessage { mailbox: self.mesh.mailbox(), mesh_id }).await?;
        match known {
            // A person knows of it; it is had as soon as more is taken.
            Known::LeftAbove(bytes) if taken <= bytes => return Ok(()),
            Known::Not | Known::LeftAbove(_) => match self.mesh.download(mesh_id).await {
                Ok(mut received) => {
                    let body = std::mem::take(&mut received.body);
                    self.land(received, Content::Here(body)).await?;
                }
                Err(MeshError::TooLarge { limit }) => {
                    let received = self.mesh.head(mesh_id).await?;
                    self.land(received, Content::LeftAbove(taken)).await?;
                    tracing::error!(limit, "a message is too large; it stays in the inbox, and a person is told of it");
                    return Ok(());
                }
                // Another replica was first.
                Err(MeshError::Gone) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
            Known::Here => {}
        }
        // Durable: now MESH may forget it (hazard H1).
        match self.mesh.acknowledge(mesh_id).await {
            Ok(()) | Err(MeshError::Gone) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn land(&self, received: Received, content: Content) -> Result<(), StorageError> {
        let arrival = Arrival {
            mesh_id: received.id,
            mailbox: self.mesh.mailbox().to_owned(),
            from_mailbox: received.from.unwrap_or_default(),
            workflow: received.workflow,
            kind: match received.message_type {
                MessageType::Data => "DATA",
                MessageType::Report => "REPORT",
            },
            linked_id: received.linked_id.unwrap_or_default(),
            content,
        };
        self.db.run(&Scope::work(), &LandMessage(arrival)).await
    }
}
