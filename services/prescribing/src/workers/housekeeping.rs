//! Calls unsigned prescriptions to attention, counts what waits, forgets old request ids.

use std::time::Duration;

use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::metrics::{self, Counter, Gauge};
use tokio_util::sync::CancellationToken;

use crate::operations::look_after::{Forget, Look};

static OVERDUE: Counter = metrics::counter(
    "ehub.prescribing.signature.overdue",
    "{prescription}",
    "Prescriptions that were not signed in time, each counted once.",
);
static UNSIGNED: Gauge = metrics::gauge(
    "ehub.prescribing.unsigned_overdue",
    "{prescription}",
    "Prescriptions that wait for a signature past their time.",
);
static SENDING: Gauge =
    metrics::gauge("ehub.prescribing.sending", "{prescription}", "Prescriptions EPS has not answered yet.");

/// How often it looks; nothing here is urgent to the second.
const EVERY: Duration = Duration::from_secs(10);

/// The worker.
#[derive(Debug)]
pub struct Housekeeping {
    /// The pool of background work.
    pub db: Db,
}

impl Housekeeping {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.once().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping failed; it is tried again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Looks once.
    pub async fn once(&self) -> Result<(), StorageError> {
        let scope = Scope::work();
        let looked = self.db.run(&scope, &Look).await?;
        for (prescription, consultation) in &looked.overdue {
            tracing::warn!(%prescription, ehub.consultation.id = %consultation, "a prescription was not signed in time");
        }
        OVERDUE.add(looked.overdue.len() as u64, &[]);
        let (unsigned, sending) = looked.waiting;
        // Counts of open work stay far below where a double loses whole numbers.
        UNSIGNED.set(unsigned as f64, &[]);
        SENDING.set(sending as f64, &[]);
        self.db.run(&scope, &Forget).await?;
        Ok(())
    }
}
