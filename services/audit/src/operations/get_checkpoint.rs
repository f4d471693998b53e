//! The newest signed checkpoint.

use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::checkpoints::{self, Signed};

/// Reads it.
#[derive(Debug, Clone)]
pub struct GetCheckpoint {
    /// The published key, given along.
    pub verifier_key: String,
}

/// What is given.
#[derive(Debug)]
pub struct Given {
    /// The checkpoint.
    pub signed: Signed,
    /// The published key.
    pub verifier_key: String,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was signed yet.
    #[error("no checkpoint has been signed yet")]
    None,
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for GetCheckpoint {
    const NAME: &'static str = "get_checkpoint";
    type Output = Given;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Given, Error> {
        let signed = checkpoints::newest(tx).await?.ok_or(Error::None)?;
        Ok(Given { signed, verifier_key: self.verifier_key.clone() })
    }
}
