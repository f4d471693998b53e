//! Releases what may go: held entries, and finals for interim documents.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work};

use super::moving;
use crate::{
    domain::{Standing, State},
    storage::release,
};

/// When entries may go.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseEntries {
    /// How long after filing an entry may still be changed.
    pub edit_window: Duration,
    /// How long after filing an interim document goes out.
    pub interim_after: Duration,
}

impl Work for ReleaseEntries {
    const NAME: &'static str = "release_entries";
    /// How many were released.
    type Output = usize;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<usize, StorageError> {
        let due = release::due(tx, self.edit_window, self.interim_after).await?;
        for entry in &due {
            moving::advance(tx, (entry.id, entry.consultation), entry.state, Standing::plain(State::Ready)).await?;
        }
        let finals = release::due_finals(tx).await?;
        for entry in &finals {
            release::forget_document(tx, entry.id).await?;
            moving::advance(tx, (entry.id, entry.consultation), entry.state, Standing::plain(State::Ready)).await?;
        }
        Ok(due.len() + finals.len())
    }
}
