//! What waits here.

use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::waiting;

/// Names of the queues, in the order they are read. What is past its promise is no queue, and watched like one.
pub const QUEUES: [&str; 4] = ["allocation.hub", "allocation.practice", "allocation.claimed", "allocation.breached"];

/// Reads how much waits in each queue and for how long.
#[derive(Debug)]
pub struct Measure;

impl Work for Measure {
    const NAME: &'static str = "measure";
    type Output = [(i64, f64); 4];
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<[(i64, f64); 4], StorageError> {
        tx.reads_whole_tables().await?;
        waiting::waiting(tx).await
    }
}
