//! The roots intake answers for.

use ehub_postgres::{StorageError, Tx};
use ehub_roots::{Root, RootSource};

/// Consultations.
#[derive(Debug, Clone, Copy)]
pub struct Consultations;

impl RootSource for Consultations {
    async fn all(&self, tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
        crate::storage::roots::all(tx).await
    }
}
