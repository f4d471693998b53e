//! Raises the lowest epoch that is still accepted, for many consultations at once.

use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

/// The claims to fence: consultation and lowest epoch still accepted.
#[derive(Debug, Clone)]
pub struct FenceClaims(pub Vec<(Uuid, i64)>);

impl Work for FenceClaims {
    const NAME: &'static str = "fence_claims";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        ehub_fence::raise(tx, &self.0).await
    }
}
