//! Keeps stale claims out, for allocation. Intake has no open actions of its own.

use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

/// Seals an epoch.
#[derive(Debug)]
pub struct Seal {
    /// The consultation.
    pub consultation: Uuid,
    /// The epoch.
    pub epoch: i64,
}

/// Why an epoch is not sealed, or claims are not fenced.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A higher epoch is known.
    #[error("the claim is over")]
    Superseded,
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for Seal {
    const NAME: &'static str = "seal_claim";
    type Output = ();
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        if !ehub_fence::lock_for_seal(tx, self.consultation, self.epoch).await? {
            return Err(Error::Superseded);
        }
        ehub_fence::seal(tx, self.consultation, self.epoch).await?;
        Ok(())
    }
}

/// Raises the lowest epoch accepted, for many consultations.
#[derive(Debug)]
pub struct RaiseFence(pub Vec<(Uuid, i64)>);

impl Work for RaiseFence {
    const NAME: &'static str = "raise_fence";
    type Output = ();
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        Ok(ehub_fence::raise(tx, &self.0).await?)
    }
}
