//! Gives an item back to its pool with its age.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::policy::Policy,
    domain::words::EndCause,
    events,
    operations::held::{Actor, ItemError, ItemView, held, view},
    storage::{self, items, legs, queue},
    tallies::CLAIMS,
};

/// Gives an item back.
#[derive(Debug)]
pub struct ReleaseClaim {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// The order of the queue, and the skew.
    pub policy: Policy,
}

/// An item whose epoch rose before its grant ran out. It is not given out until every guard has
/// been told, or the old grant has certainly run out.
#[derive(Debug, Clone)]
pub struct Parked {
    /// The item, under its new epoch.
    pub view: ItemView,
}

impl Work for ReleaseClaim {
    const NAME: &'static str = "release_claim";
    type Output = Parked;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Parked, ItemError> {
        let (mut item, lease) = held(tx, &self.actor, self.consultation).await?;
        let (ended, now) = (item.epoch, storage::now(tx).await?);
        let incarnation = storage::incarnation(tx).await?;
        item.release(incarnation);
        items::save(tx, &mut item).await?;
        legs::next(tx, &item, EndCause::Released.as_str()).await?;
        queue::put(tx, &item, self.policy.queue.place(&item, now), lease.until + self.policy.skew).await?;
        tx.tally(&CLAIMS, &[("ehub.outcome", EndCause::Released.as_str())]);
        tx.raise(events::items::claim_ended(&item, ended, EndCause::Released));
        Ok(Parked { view: view(tx, item).await? })
    }
}
