//! Removes what has expired, in small steps.

use ehub_postgres::{StorageError, Tx, Work, forget_older_than};
use time::Duration;

use super::status;
use crate::storage::{landed, status as attempts};

/// How long answers to request ids are kept.
const REQUEST_IDS: Duration = Duration::days(7);

/// One step.
#[derive(Debug)]
pub struct Tidy {
    /// How long raw messages that are dealt with are kept.
    pub keep_raw: Duration,
}

impl Work for Tidy {
    const NAME: &'static str = "tidy";
    /// How much was removed; more may be left.
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<u64, StorageError> {
        let before = tx.at() - REQUEST_IDS;
        let requests = forget_older_than(tx, before).await?;
        let asked = attempts::forget(tx, status::WINDOW).await?;
        let raw = landed::forget_bodies(tx, self.keep_raw).await?;
        Ok(requests + asked + raw)
    }
}
