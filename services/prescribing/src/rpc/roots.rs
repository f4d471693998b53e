//! What prescribing holds, for audit.

use ehub_postgres::{StorageError, Tx};
use ehub_roots::{Root, RootSource};

/// The prescriptions of each consultation.
#[derive(Debug, Clone, Copy)]
pub struct Prescriptions;

impl RootSource for Prescriptions {
    async fn all(&self, tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
        crate::storage::roots::all(tx).await
    }
}
