//! What has to be done now and then: warn windows, freshness of access, old records.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work, forget_older_than};

use crate::storage::queue;

/// Prefers items that have entered their warn window; gives how many.
#[derive(Debug)]
pub struct PromoteDue {
    /// How many at most.
    pub limit: i64,
}

impl Work for PromoteDue {
    const NAME: &'static str = "promote_due";
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<u64, StorageError> {
        queue::promote(tx, self.limit).await
    }
}

/// Notes that access is complete: here it is the truth itself.
#[derive(Debug)]
pub struct RefreshAccess;

impl Work for RefreshAccess {
    const NAME: &'static str = "refresh_access";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let at = tx.at();
        ehub_access::caught_up(tx, at).await
    }
}

/// How long answers are kept for repeated requests.
pub const KEEP_ANSWERS: Duration = Duration::from_secs(7 * 24 * 3600);

/// Forgets answers to old requests; gives how many.
#[derive(Debug)]
pub struct ForgetAnswers;

impl Work for ForgetAnswers {
    const NAME: &'static str = "forget_answers";
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<u64, StorageError> {
        let before = tx.at() - KEEP_ANSWERS;
        forget_older_than(tx, before).await
    }
}
