//! Freshness of access, and forgetting what was answered long ago.

use std::time::Duration;

use ehub_postgres::{Db, Scope};
use tokio_util::sync::CancellationToken;

use crate::{
    operations::upkeep::{ForgetAnswers, RefreshAccess},
    workers::failed,
};

/// How often access is said to be complete: well inside the minute after which it alarms.
const REFRESH: Duration = Duration::from_secs(20);
/// How many refreshes apart old answers are forgotten: every ten minutes.
const FORGET_EVERY: u32 = 30;
/// What one statement forgets at most; as many again are likely to wait.
const BATCH: u64 = 5_000;

/// Does what has to be done now and then.
#[derive(Debug)]
pub struct UpkeepWorker {
    db: Db,
}

impl UpkeepWorker {
    /// Works on a database.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Works until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut round = 0_u32;
        loop {
            if let Err(error) = self.db.run(&Scope::work(), &RefreshAccess).await {
                failed("upkeep", &error);
            }
            if round.is_multiple_of(FORGET_EVERY) {
                self.forget(&stop).await;
            }
            round = round.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }

    async fn forget(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.db.run(&Scope::work(), &ForgetAnswers).await {
                Ok(forgotten) if forgotten >= BATCH => {}
                Ok(_) => return,
                Err(error) => return failed("upkeep", &error),
            }
        }
    }
}
