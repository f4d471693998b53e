//! Passes an item back to the patient's practice. The clock does not move.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::closing::Safe,
    domain::policy::Policy,
    domain::words::{EndCause, TransferKind},
    events,
    operations::{
        acknowledge_alert::alert_settled,
        held::{Actor, ItemError, held, view},
        release_claim::Parked,
    },
    storage::{self, items, legs, queue},
    tallies::{CLAIMS, TRANSFERS},
};

/// Passes an item back.
#[derive(Debug)]
pub struct PassBack {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// Why.
    pub reason: String,
    /// That an emergency was made safe.
    pub safe: Option<Safe>,
    /// The order of the queue, the skew, and how long the practice has to acknowledge.
    pub policy: Policy,
}

impl Work for PassBack {
    const NAME: &'static str = "pass_back";
    type Output = Parked;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Parked, ItemError> {
        let (mut item, lease) = held(tx, &self.actor, self.consultation).await?;
        let (ended, from, now) = (item.epoch, item.pool.party.clone(), storage::now(tx).await?);
        let acknowledge_by = now + self.policy.acknowledge_within;
        let incarnation = storage::incarnation(tx).await?;
        item.safe = self.safe.or(item.safe);
        item.pass_back(self.reason.clone(), acknowledge_by, incarnation)?;
        if item.safe.is_some() {
            alert_settled(tx, &item, &self.actor.subject).await?;
        }
        items::save(tx, &mut item).await?;
        legs::next(tx, &item, EndCause::PassedBack.as_str()).await?;
        queue::put(tx, &item, self.policy.queue.place(&item, now), lease.until + self.policy.skew).await?;
        tx.tally(&CLAIMS, &[("ehub.outcome", EndCause::PassedBack.as_str())]);
        tx.raise(events::items::claim_ended(&item, ended, EndCause::PassedBack));
        tx.tally(&TRANSFERS, &[("ehub.outcome", TransferKind::PassBack.as_str())]);
        tx.raise(events::items::transferred(&item, &from, TransferKind::PassBack, Some(acknowledge_by)));
        Ok(Parked { view: view(tx, item).await? })
    }
}
