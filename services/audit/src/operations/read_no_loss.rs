//! The newest proof that nothing is lost.

use ehub_postgres::{StorageError, Tx, Work};
use time::OffsetDateTime;

use crate::{domain::no_loss::NoLoss, storage::proof};

/// Reads it.
#[derive(Debug, Clone, Copy)]
pub struct ReadNoLoss;

/// Why it is not given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It has not been computed yet.
    #[error("the proof has not been computed yet")]
    NotYet,
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for ReadNoLoss {
    const NAME: &'static str = "read_no_loss";
    type Output = (NoLoss, OffsetDateTime);
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, Error> {
        proof::newest(tx).await?.ok_or(Error::NotYet)
    }
}
