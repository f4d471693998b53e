//! Sends again what EPS has not answered, for ever, with growing waits.

use std::time::Duration;

use ehub_postgres::Scope;
use ehub_telemetry::job_span;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::operations::send_order::{ClaimDue, Sender};

/// How many orders are taken at a time.
const BATCH: i64 = 10;

/// The worker.
#[derive(Debug)]
pub struct IssueWorker {
    /// Sends, on the pool of background work.
    pub sender: Sender,
    /// How often it looks.
    pub poll: Duration,
}

impl IssueWorker {
    /// Runs until told to stop; what is being sent is let finish.
    pub async fn run(self, stop: CancellationToken) {
        let mut raised = self.sender.db.raised(|kind| kind.starts_with("ehub.prescribing."));
        loop {
            if !self.send_due().await {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(self.poll) => {}
                    () = raised.changed() => {}
                }
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    /// Sends what is due; tells whether there may be more.
    pub async fn send_due(&self) -> bool {
        let scope = Scope::work();
        let claim = ClaimDue { hold: self.sender.backoff.hold, limit: BATCH };
        let due = match self.sender.db.run(&scope, &claim).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "orders that are due could not be read");
                return false;
            }
        };
        let full = i64::try_from(due.len()).is_ok_and(|count| count == BATCH);
        let sends = due.iter().map(|message| {
            let span = job_span("send_order", Some(message.consultation));
            async {
                if let Err(error) = self.sender.send(&scope, message).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        prescription = %message.id,
                        "an order could not be settled; it is sent again"
                    );
                }
            }
            .instrument(span)
        });
        futures_util::future::join_all(sends).await;
        full
    }
}
