//! Leaves as stored, for verifying offline.

use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::leaves;

/// Reads leaves.
#[derive(Debug, Clone, Copy)]
pub struct ExportLeaves {
    /// The first place.
    pub start: i64,
    /// How many at most.
    pub limit: i64,
}

/// Leaves as stored, in order.
#[derive(Debug)]
pub struct Exported(pub Vec<Vec<u8>>);

impl Work for ExportLeaves {
    const NAME: &'static str = "export_leaves";
    type Output = Exported;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Exported, Error> {
        Ok(Exported(leaves::export(tx, self.start, self.limit).await?))
    }
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}
