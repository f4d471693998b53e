//! Claims one item by name.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::item::{CustodyError, Lease, WorkItem},
    domain::policy::Policy,
    events,
    operations::held::{Actor, ItemError, ItemView, locked, note, organisation, view},
    storage::{self, items, legs, queue},
    tallies::{CLAIMS, TRANSFERS},
};

/// Claims one item by name.
#[derive(Debug)]
pub struct ClaimItem {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// For how long.
    pub policy: Policy,
}

/// An item with the lease just given.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The item.
    pub view: ItemView,
    /// The lease.
    pub lease: Lease,
}

impl Work for ClaimItem {
    const NAME: &'static str = "claim_item";
    type Output = Claimed;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Claimed, ItemError> {
        let item = locked(tx, &self.actor, self.consultation).await?;
        // An old grant may still be in force where a fence could not be pushed.
        if !queue::is_claimable(tx, item.consultation).await? {
            return Err(CustodyError::NotClaimable.into());
        }
        queue::remove(tx, item.consultation).await?;
        give(tx, item, &self.actor.subject, &self.policy).await
    }
}

/// Gives a locked item, which is in the queue no more, to a person of its pool.
pub(crate) async fn give(
    tx: &mut Tx,
    mut item: WorkItem,
    subject: &str,
    policy: &Policy,
) -> Result<Claimed, ItemError> {
    let basis = storage::basis(tx).await?;
    if basis.restored {
        return Err(ItemError::Restored);
    }
    let until = basis.now + policy.lease;
    let lease = Lease { subject: subject.to_owned(), organisation: organisation(tx)?, until };
    let acknowledges = item.acknowledge_by.is_some();
    item.claim(lease.clone(), basis.incarnation)?;
    items::save(tx, &mut item).await?;
    legs::next(tx, &item, "CLAIMED").await?;
    if acknowledges {
        tx.tally(&TRANSFERS, &[("ehub.outcome", "ACKNOWLEDGED")]);
        tx.raise(events::items::acknowledged(&item, subject));
    }
    tx.tally(&CLAIMS, &[("ehub.outcome", "CLAIMED")]);
    tx.raise(events::items::claimed(&item, &lease));
    note(tx, &item);
    Ok(Claimed { view: view(tx, item).await?, lease })
}
