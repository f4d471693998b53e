//! Lets a parked item be given out: every guard refuses its old grants.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::queue;

/// Lets a parked item be given out, unless it has moved on since.
#[derive(Debug)]
pub struct OpenParked {
    /// Which.
    pub consultation: ConsultationId,
    /// The epoch every guard has been told.
    pub epoch: i64,
}

impl Work for OpenParked {
    const NAME: &'static str = "open_parked";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        queue::open_now(tx, self.consultation, self.epoch).await
    }
}
