//! Ends the claim of somebody of the caller's organisation, with a reason.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::policy::Policy,
    domain::words::EndCause,
    events,
    operations::{
        held::{Actor, ItemError, locked, organisation, view},
        release_claim::Parked,
    },
    storage::{self, items, legs, queue},
    tallies::CLAIMS,
};

/// Ends somebody else's claim.
#[derive(Debug)]
pub struct OverrideClaim {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// Why.
    pub reason: String,
    /// The order of the queue, and the skew.
    pub policy: Policy,
}

impl Work for OverrideClaim {
    const NAME: &'static str = "override_claim";
    type Output = Parked;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Parked, ItemError> {
        let mut item = locked(tx, &self.actor, self.consultation).await?;
        let (ended, now) = (item.epoch, storage::now(tx).await?);
        let incarnation = storage::incarnation(tx).await?;
        let lease = item.take_away(organisation(tx)?, self.reason.clone(), now, incarnation)?;
        items::save(tx, &mut item).await?;
        legs::next(tx, &item, EndCause::Overridden.as_str()).await?;
        queue::put(tx, &item, self.policy.queue.place(&item, now), lease.until + self.policy.skew).await?;
        tx.tally(&CLAIMS, &[("ehub.outcome", EndCause::Overridden.as_str())]);
        tx.raise(events::items::claim_ended(&item, ended, EndCause::Overridden));
        Ok(Parked { view: view(tx, item).await? })
    }
}
