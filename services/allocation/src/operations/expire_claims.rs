//! Ends claims whose lease has run out and puts the items back with their age.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    domain::policy::Policy,
    domain::words::EndCause,
    events,
    storage::{self, items, legs, queue},
    tallies::CLAIMS,
};

/// Finds claims that have run out.
#[derive(Debug)]
pub struct RunOutClaims {
    /// How many at most.
    pub limit: i64,
}

impl Work for RunOutClaims {
    const NAME: &'static str = "run_out_claims";
    type Output = Vec<ConsultationId>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<ConsultationId>, StorageError> {
        items::run_out(tx, self.limit).await
    }
}

/// Ends one, if it is still so. The grant has expired with its lease, so nothing is fenced; the item
/// is offered again when no clock within the skew can think otherwise.
#[derive(Debug)]
pub struct ExpireClaim {
    /// Which.
    pub consultation: ConsultationId,
    /// The order of the queue, and the skew.
    pub policy: Policy,
}

impl Work for ExpireClaim {
    const NAME: &'static str = "expire_claim";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let now = storage::now(tx).await?;
        let Some(mut item) = items::lock(tx, self.consultation).await? else { return Ok(()) };
        let Ok(ended) = item.expire(now) else { return Ok(()) };
        items::save(tx, &mut item).await?;
        legs::next(tx, &item, EndCause::Expired.as_str()).await?;
        queue::put(tx, &item, self.policy.queue.place(&item, now), ended + self.policy.skew).await?;
        tx.tally(&CLAIMS, &[("ehub.outcome", EndCause::Expired.as_str())]);
        tx.raise(events::items::claim_ended(&item, item.epoch, EndCause::Expired));
        Ok(())
    }
}
