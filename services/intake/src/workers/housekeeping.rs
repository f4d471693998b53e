//! Removes what has expired.

use std::time::Duration;

use ehub_postgres::{Db, Scope, StorageError};
use tokio_util::sync::CancellationToken;

use super::rest::{Hands, Step, steps};
use crate::operations::housekeeping::Tidy;

/// Tidies up.
#[derive(Debug)]
pub struct Housekeeping {
    /// The database, as the work role.
    pub db: Db,
    /// How often.
    pub every: Duration,
    /// How long raw messages that are dealt with are kept.
    pub keep_raw: time::Duration,
}

impl Housekeeping {
    /// Tidies until stopped.
    pub async fn run(self, stop: CancellationToken) {
        // Never woken by events: only time makes things expire.
        steps("housekeeping", self.every, Hands::One, self.db.raised(|_| false), stop, || self.step()).await;
    }

    async fn step(&self) -> Result<Step, StorageError> {
        let removed = self.db.run(&Scope::work(), &Tidy { keep_raw: self.keep_raw }).await?;
        Ok(if removed == 0 { Step::Idle } else { Step::Done })
    }
}
