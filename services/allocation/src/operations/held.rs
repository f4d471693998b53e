//! What every act on an item has in common: who acts, may they see it, do they hold it.

use ehub_access::{AccessError, require_fresh};
use ehub_auth::{Caller, GrantKind, GrantPresented};
use ehub_faults::Fault;
use ehub_identifiers::{ConsultationId, OdsCode, OrganisationId};
use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

use crate::{
    domain::item::{CustodyError, Lease, WorkItem},
    storage::{items, register, tasks},
};

/// Who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The person, by subject.
    pub subject: String,
    /// The practices the token limits them to; `None` sets no limit.
    pub practices: Option<Vec<OdsCode>>,
    /// The grant that was presented.
    pub grant: GrantPresented,
}

impl Actor {
    /// The caller of a call, with its grant.
    #[must_use]
    pub fn new(caller: &Caller, grant: GrantPresented) -> Self {
        Self { subject: caller.subject.clone(), practices: caller.practices.clone(), grant }
    }

    /// The practices both the token and a request allow; `None` sets no limit.
    #[must_use]
    pub fn limit(&self, wanted: &[OdsCode]) -> Option<Vec<String>> {
        let admits = |ods: &&OdsCode| self.practices.as_ref().is_none_or(|listed| listed.contains(ods));
        if wanted.is_empty() {
            return self.practices.as_ref().map(|listed| listed.iter().map(ToString::to_string).collect());
        }
        Some(wanted.iter().filter(admits).map(ToString::to_string).collect())
    }
}

/// Why an act on an item is refused.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// Not there, or not the caller's: the same.
    #[error("there is no such item for this caller")]
    NotFound,
    /// Access is unknown or stale.
    #[error("access refused")]
    Access(#[source] AccessError),
    /// The grant was refused.
    #[error("the grant was refused")]
    Grant(Box<Fault>),
    /// What is open here may have been answered.
    #[error("the database came back from an older copy")]
    Restored,
    /// Custody does not allow it.
    #[error("custody refused")]
    Custody(#[from] CustodyError),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl From<AccessError> for ItemError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Storage(error) => Self::Storage(error),
            AccessError::PracticeNotAllowed => Self::NotFound,
            other => Self::Access(other),
        }
    }
}

/// The caller's organisation.
pub(crate) fn organisation(tx: &Tx) -> Result<OrganisationId, ItemError> {
    tx.organisation().map(OrganisationId::new).ok_or(ItemError::Access(AccessError::OrganisationUnknown))
}

/// Names an item in the call's audit event.
pub(crate) fn note(tx: &mut Tx, item: &WorkItem) {
    tx.concerns(item.consultation.uuid());
    tx.on_behalf_of(item.practice.ods.to_string());
}

/// An item the caller may see.
pub(crate) async fn seen(tx: &mut Tx, actor: &Actor, id: ConsultationId) -> Result<WorkItem, ItemError> {
    require_fresh(tx).await?;
    let item = items::find(tx, id).await?;
    admit(tx, actor, item)
}

/// An item the caller works with, locked.
pub(crate) async fn locked(tx: &mut Tx, actor: &Actor, id: ConsultationId) -> Result<WorkItem, ItemError> {
    require_fresh(tx).await?;
    let item = items::lock(tx, id).await?;
    let item = admit(tx, actor, item)?;
    if register::may_work(tx, item.practice.org).await? { Ok(item) } else { Err(ItemError::NotFound) }
}

fn admit(tx: &mut Tx, actor: &Actor, item: Option<WorkItem>) -> Result<WorkItem, ItemError> {
    let item = item.ok_or(ItemError::NotFound)?;
    if actor.practices.as_ref().is_some_and(|listed| !listed.contains(&item.practice.ods)) {
        return Err(ItemError::NotFound);
    }
    note(tx, &item);
    Ok(item)
}

/// An item the caller holds by the grant presented, locked, with the lease.
pub(crate) async fn held(tx: &mut Tx, actor: &Actor, id: ConsultationId) -> Result<(WorkItem, Lease), ItemError> {
    let item = locked(tx, actor, id).await?;
    let now = crate::storage::now(tx).await?;
    let epoch = actor
        .grant
        .require(GrantKind::Act, id.uuid(), tx.at())
        .map_err(|fault| ItemError::Grant(Box::new(fault)))?
        .epoch;
    let lease = item.lease(&actor.subject, epoch, now)?.clone();
    Ok((item, lease))
}

/// An item with what hangs on it.
#[derive(Debug, Clone)]
pub struct ItemView {
    /// The item.
    pub item: WorkItem,
    /// Its open tasks.
    pub open_tasks: Vec<String>,
}

/// Items with what hangs on them, in the same order.
pub(crate) async fn views(tx: &mut Tx, items: Vec<WorkItem>) -> Result<Vec<ItemView>, StorageError> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.consultation.uuid()).collect();
    let mut open = tasks::open(tx, &ids).await?;
    let view =
        |item: WorkItem| ItemView { open_tasks: open.remove(&item.consultation.uuid()).unwrap_or_default(), item };
    Ok(items.into_iter().map(view).collect())
}

/// One item with what hangs on it.
pub(crate) async fn view(tx: &mut Tx, item: WorkItem) -> Result<ItemView, StorageError> {
    let mut open = tasks::open(tx, &[item.consultation.uuid()]).await?;
    Ok(ItemView { open_tasks: open.remove(&item.consultation.uuid()).unwrap_or_default(), item })
}
