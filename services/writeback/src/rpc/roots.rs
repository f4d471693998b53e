//! What write-back holds: consultations with the states of their entries.

use ehub_postgres::{StorageError, Tx};
use ehub_roots::{Root, RootSource};

use crate::operations::list_roots;

/// The roots of write-back.
#[derive(Debug, Clone, Copy)]
pub struct EntryRoots;

impl RootSource for EntryRoots {
    async fn all(&self, tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
        let rows = list_roots::all(tx).await?;
        Ok(rows.into_iter().map(|(id, version, state)| Root { id, version, state }).collect())
    }
}
