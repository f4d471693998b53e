//! Extends a lease; the epoch stays.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::policy::Policy,
    operations::{
        claim_item::Claimed,
        held::{Actor, ItemError, held, view},
    },
    storage::{self, items},
};

/// Extends a lease.
#[derive(Debug)]
pub struct RenewClaim {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// For how long.
    pub policy: Policy,
}

impl Work for RenewClaim {
    const NAME: &'static str = "renew_claim";
    type Output = Claimed;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Claimed, ItemError> {
        let (mut item, mut lease) = held(tx, &self.actor, self.consultation).await?;
        lease.until = lease.until.max(storage::now(tx).await? + self.policy.lease);
        item.renew(lease.until);
        items::save(tx, &mut item).await?;
        Ok(Claimed { view: view(tx, item).await?, lease })
    }
}
