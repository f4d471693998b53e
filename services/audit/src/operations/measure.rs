//! How far the log is behind what was heard.

use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::waiting;

/// Names of the queues, in the order they are read.
pub const QUEUES: [&str; 1] = ["audit.append"];

/// Reads how much waits for its place in the log and for how long.
#[derive(Debug)]
pub struct Measure;

impl Work for Measure {
    const NAME: &'static str = "measure";
    type Output = [(i64, f64); 1];
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<[(i64, f64); 1], StorageError> {
        waiting::waiting(tx).await
    }
}
