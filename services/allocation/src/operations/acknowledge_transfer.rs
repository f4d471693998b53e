//! Acknowledges a transfer for the receiving organisation.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{
    events,
    operations::held::{Actor, ItemError, ItemView, locked, organisation, view},
    storage::items,
};

/// Acknowledges a transfer.
#[derive(Debug)]
pub struct AcknowledgeTransfer {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
}

impl Work for AcknowledgeTransfer {
    const NAME: &'static str = "acknowledge_transfer";
    type Output = ItemView;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<ItemView, ItemError> {
        let mut item = locked(tx, &self.actor, self.consultation).await?;
        item.acknowledge(organisation(tx)?)?;
        items::save(tx, &mut item).await?;
        tx.raise(events::items::acknowledged(&item, &self.actor.subject));
        Ok(view(tx, item).await?)
    }
}
