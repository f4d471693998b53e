//! Forgets what need not be kept.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work, forget_older_than};

/// Forgets answers to request ids older than this, some thousands at a time.
#[derive(Debug, Clone, Copy)]
pub struct KeepHouse {
    /// How old.
    pub idempotency: Duration,
}

impl Work for KeepHouse {
    const NAME: &'static str = "keep_house";
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<u64, StorageError> {
        let before = tx.at() - self.idempotency;
        forget_older_than(tx, before).await
    }
}
