//! What write-back holds, for the proof that nothing is lost.

use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

use crate::storage::roots;

/// Every consultation with entries: its id, the version of its stream, and its entries' states.
pub async fn all(tx: &mut Tx) -> Result<Vec<(Uuid, i64, String)>, StorageError> {
    roots::all(tx).await
}
