//! What allocation holds: one root for each work item.

use ehub_postgres::{StorageError, Tx};
use ehub_roots::{Root, RootSource};

use crate::storage::items;

/// The work items as roots: consultation, version of its stream, state.
#[derive(Debug, Clone, Copy)]
pub struct WorkItemRoots;

impl RootSource for WorkItemRoots {
    async fn all(&self, tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
        let rows = items::roots(tx).await?;
        Ok(rows.into_iter().map(|(id, version, state)| Root { id, version, state }).collect())
    }
}
