//! Gives a person who may not close yet a fresh epoch: some guards may have sealed the old one.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::closing::Safe,
    events,
    operations::{
        claim_item::Claimed,
        held::{Actor, ItemError, held, view},
    },
    storage::{self, items},
};

/// Raises the epoch of a claim and keeps its lease. What was said of an emergency's safety is kept.
#[derive(Debug)]
pub struct SupersedeClaim {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// The safe disposition that was given.
    pub safe: Option<Safe>,
}

impl Work for SupersedeClaim {
    const NAME: &'static str = "supersede_claim";
    type Output = Claimed;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Claimed, ItemError> {
        let (mut item, lease) = held(tx, &self.actor, self.consultation).await?;
        let incarnation = storage::incarnation(tx).await?;
        item.supersede(incarnation);
        item.safe = self.safe.or(item.safe);
        items::save(tx, &mut item).await?;
        tx.raise(events::items::claimed(&item, &lease));
        Ok(Claimed { view: view(tx, item).await?, lease })
    }
}
