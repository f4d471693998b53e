//! What background work does beside sending: calls to attention, counts, forgets.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work, forget_older_than};
use uuid::Uuid;

use crate::storage::housekeeping;

/// How long what was answered to a request id is kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many prescriptions are marked at a time.
const BATCH: i64 = 100;

/// Marks what was not signed in time, and counts what waits.
#[derive(Debug)]
pub struct Look;

/// What was seen.
#[derive(Debug)]
pub struct Looked {
    /// Prescriptions marked now, with their consultations.
    pub overdue: Vec<(Uuid, Uuid)>,
    /// How many are unsigned past their time, and how many EPS has not answered.
    pub waiting: (i64, i64),
}

impl Work for Look {
    const NAME: &'static str = "look_at_prescriptions";
    type Output = Looked;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Looked, StorageError> {
        let overdue = housekeeping::mark_overdue(tx, BATCH).await?;
        Ok(Looked { overdue, waiting: housekeeping::waiting(tx).await? })
    }
}

/// Forgets what was answered to request ids long ago.
#[derive(Debug)]
pub struct Forget;

impl Work for Forget {
    const NAME: &'static str = "forget_request_ids";
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<u64, StorageError> {
        let before = tx.at() - KEPT;
        forget_older_than(tx, before).await
    }
}
