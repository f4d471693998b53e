//! Whether an item that was given back still waits for its old grant.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{operations::held::ItemError, storage::queue};

/// Whether an item still waits since this epoch: no longer once every guard has been told, or once the grant has run
/// out, or when the item has moved on.
#[derive(Debug)]
pub struct StillParked {
    /// Which.
    pub consultation: ConsultationId,
    /// The epoch it was given back with.
    pub epoch: i64,
}

impl Work for StillParked {
    const NAME: &'static str = "still_parked";
    type Output = bool;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<bool, ItemError> {
        Ok(queue::waits_since(tx, self.consultation, self.epoch).await?)
    }
}
