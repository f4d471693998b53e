//! Returns transfers nobody acknowledged in time to the hub. The clock does not move.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    domain::policy::Policy,
    domain::words::TransferKind,
    events,
    storage::{self, items, legs, queue},
    tallies::TRANSFERS,
};

/// Finds transfers nobody acknowledged in time.
#[derive(Debug)]
pub struct UnacknowledgedTransfers {
    /// How many at most.
    pub limit: i64,
}

impl Work for UnacknowledgedTransfers {
    const NAME: &'static str = "unacknowledged_transfers";
    type Output = Vec<ConsultationId>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<ConsultationId>, StorageError> {
        items::unacknowledged(tx, self.limit).await
    }
}

/// Returns one, if it is still so.
#[derive(Debug)]
pub struct ReturnTransfer {
    /// Which.
    pub consultation: ConsultationId,
    /// The order of the queue.
    pub policy: Policy,
}

impl Work for ReturnTransfer {
    const NAME: &'static str = "return_transfer";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let now = storage::now(tx).await?;
        let Some(mut item) = items::lock(tx, self.consultation).await? else { return Ok(()) };
        let Ok(from) = item.give_back(now) else { return Ok(()) };
        // A fence that could not be pushed at passing back still holds the item from being given out.
        let claimable_at = queue::claimable_at(tx, item.consultation).await?.max(now);
        queue::remove(tx, item.consultation).await?;
        items::save(tx, &mut item).await?;
        legs::next(tx, &item, TransferKind::Returned.as_str()).await?;
        queue::put(tx, &item, self.policy.queue.place(&item, now), claimable_at).await?;
        tx.tally(&TRANSFERS, &[("ehub.outcome", TransferKind::Returned.as_str())]);
        tx.raise(events::items::transferred(&item, &from, TransferKind::Returned, None));
        Ok(())
    }
}
