//! Keeps the queue true as time passes: leases that ran out, warn windows that opened, transfers
//! nobody acknowledged.

use ehub_postgres::{Db, Scope};
use ehub_telemetry::job_span;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    domain::policy::Policy,
    operations::{
        expire_claims::{ExpireClaim, RunOutClaims},
        return_transfers::{ReturnTransfer, UnacknowledgedTransfers},
        upkeep::PromoteDue,
    },
    workers::{STEP, failed},
};

/// Keeps the queue true.
#[derive(Debug)]
pub struct QueueWorker {
    db: Db,
    policy: Policy,
    poll: std::time::Duration,
}

impl QueueWorker {
    /// Looks this often.
    #[must_use]
    pub fn new(db: Db, policy: Policy, poll: std::time::Duration) -> Self {
        Self { db, policy, poll }
    }

    /// Looks until told to stop. Only time moves what it looks at, so only time wakes it.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            self.step().await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.poll) => {}
            }
        }
    }

    /// One look at everything.
    pub async fn step(&self) {
        self.expire().await;
        self.give_back().await;
        if let Err(error) = self.db.run(&Scope::work(), &PromoteDue { limit: 1_000 }).await {
            failed("queue", &error);
        }
    }

    async fn expire(&self) {
        let found = match self.db.run(&Scope::work(), &RunOutClaims { limit: STEP }).await {
            Ok(found) => found,
            Err(error) => return failed("queue", &error),
        };
        for consultation in found {
            let work = ExpireClaim { consultation, policy: self.policy };
            let span = job_span("expire_claim", Some(consultation.uuid()));
            if let Err(error) = self.db.run(&Scope::work(), &work).instrument(span).await {
                failed("queue", &error);
            }
        }
    }

    async fn give_back(&self) {
        let found = match self.db.run(&Scope::work(), &UnacknowledgedTransfers { limit: STEP }).await {
            Ok(found) => found,
            Err(error) => return failed("queue", &error),
        };
        for consultation in found {
            let work = ReturnTransfer { consultation, policy: self.policy };
            let span = job_span("return_transfer", Some(consultation.uuid()));
            if let Err(error) = self.db.run(&Scope::work(), &work).instrument(span).await {
                failed("queue", &error);
            }
        }
    }
}
