//! The appender: gives events their places and signs the tree, batch by batch.

use std::{sync::Arc, time::Duration};

use ehub_postgres::{Db, Scope};
use ehub_telemetry::metrics::{Counter, Gauge, Histogram, LAG_BUCKETS, counter, gauge, histogram};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    note::Signer,
    operations::{
        append::{Append, Appended, Release},
        sign::{self, Sign},
    },
};

/// How long a crashed appender keeps its successor waiting, in seconds.
const LEASE: f64 = 10.0;
/// How long to wait after a failure; what failed is tried again for ever.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

static LEAVES: Counter = counter("ehub.audit.leaves", "{leaf}", "Leaves appended to the log.");
static SIGNING: Histogram =
    histogram("ehub.audit.append.duration", "s", "Time to append and sign a batch.", LAG_BUCKETS);
static INTACT: Gauge =
    gauge("ehub.audit.log.intact", "1", "1 while everything read back fits; 0 when signing stopped.");

/// Appends and signs until told to stop.
#[derive(Debug)]
pub struct Appender {
    db: Db,
    append: Append,
    sign: Sign,
    every: Duration,
}

impl Appender {
    /// An appender of its own token: batches of at most `batch`, looked for `every` so often.
    pub fn new(db: Db, origin: String, signer: Arc<Signer>, every: Duration, batch: u32) -> Self {
        let token: Uuid = db.clock().uuid_v7();
        let append = Append { token, lease: LEASE, limit: i64::from(batch) };
        Self { db, append, sign: Sign { token, lease: LEASE, origin, signer }, every }
    }

    /// Runs until told to stop, and then lets a successor begin at once.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let pause = match self.round(&stop).await {
                Ok(()) => self.every,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the log could not be continued");
                    AFTER_FAILURE.max(self.every)
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        if let Err(error) = self.db.run(&Scope::work(), &Release(self.append.token)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the appender's lease was not given back");
        }
    }

    /// Appends and signs whatever waits, batch by batch.
    ///
    /// # Errors
    /// When storage fails, or something read back does not fit: then nothing is signed.
    pub async fn round(&self, stop: &CancellationToken) -> Result<(), Error> {
        loop {
            let begun = self.db.clock().monotonic();
            let Appended::Leaves(appended) = self.db.run(&Scope::work(), &self.append).await? else { return Ok(()) };
            let signed = self.db.run(&Scope::work(), &self.sign).await.inspect_err(|error| {
                if matches!(error, sign::Error::Tampered(_)) {
                    INTACT.set(0.0, &[]);
                }
            })?;
            let Some(signed) = signed else { return Ok(()) };
            INTACT.set(1.0, &[]);
            if appended > 0 {
                LEAVES.add(appended as u64, &[]);
                SIGNING.record(begun.elapsed().as_secs_f64(), &[]);
            }
            // A full batch, or leaves left unsigned by a crash: there may be more.
            let full = i64::try_from(appended).is_ok_and(|appended| appended >= self.append.limit);
            if stop.is_cancelled() || (!full && signed <= i64::try_from(appended).unwrap_or(i64::MAX)) {
                return Ok(());
            }
        }
    }
}

/// Why the log was not continued.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Leaves were not appended.
    #[error("leaves were not appended")]
    Append(#[from] crate::operations::append::Error),
    /// The tree was not signed.
    #[error("the tree was not signed")]
    Sign(#[from] sign::Error),
}
