//! Reads a person's inbox: a page, what changed, or some of its items.

use ehub_access::require_fresh;
use ehub_postgres::{Tx, Work};
use uuid::Uuid;

use crate::{
    operations::held::{Actor, ItemError, ItemView, organisation, views},
    storage::{
        inbox::{self, After, InboxItem},
        queue::Reach,
    },
};

/// Which inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbox {
    /// The open items of the caller's pool.
    Pool,
    /// The caller's own claims.
    Mine,
}

/// Reads a page.
#[derive(Debug)]
pub struct ListInbox {
    /// Who.
    pub actor: Actor,
    /// Which inbox.
    pub inbox: Inbox,
    /// Where the page before ended.
    pub after: Option<After>,
    /// How many at most.
    pub size: u16,
}

/// A page.
#[derive(Debug)]
pub struct InboxPage {
    /// The items, in order.
    pub items: Vec<ItemView>,
    /// Where the page ended, when there is more.
    pub next: Option<After>,
}

impl Work for ListInbox {
    const NAME: &'static str = "list_inbox";
    type Output = InboxPage;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<InboxPage, ItemError> {
        require_fresh(tx).await?;
        let pool = organisation(tx)?;
        // One more than asked for tells whether there is another page.
        let wanted = i64::from(self.size) + 1;
        let limit = self.actor.limit(&[]);
        let mut found: Vec<InboxItem> = match self.inbox {
            Inbox::Mine => inbox::mine(tx, &self.actor.subject, pool, self.after, wanted).await?,
            Inbox::Pool => {
                let reach = Reach { pool, subject: &self.actor.subject, practices: limit.as_deref() };
                inbox::pool(tx, &reach, self.after, wanted).await?
            }
        };
        let more = found.len() > usize::from(self.size);
        found.truncate(self.size.into());
        let next = if more { found.last().map(|last| last.place) } else { None };
        for found in &found {
            tx.concerns(found.item.consultation.uuid());
        }
        let items = views(tx, found.into_iter().map(|found| found.item).collect()).await?;
        Ok(InboxPage { items, next })
    }
}

/// Reads ids and versions only: what has changed since, without reading it.
#[derive(Debug)]
pub struct InboxVersions {
    /// Who.
    pub actor: Actor,
    /// Which inbox.
    pub inbox: Inbox,
    /// How many of the most pressing.
    pub size: u16,
}

impl Work for InboxVersions {
    const NAME: &'static str = "inbox_versions";
    type Output = Vec<(Uuid, i64)>;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<(Uuid, i64)>, ItemError> {
        require_fresh(tx).await?;
        let limit = self.actor.limit(&[]);
        let reach = Reach { pool: organisation(tx)?, subject: &self.actor.subject, practices: limit.as_deref() };
        Ok(inbox::versions(tx, &reach, self.inbox == Inbox::Mine, self.size.into()).await?)
    }
}

/// Reads some items by id, as one audited read.
#[derive(Debug)]
pub struct InboxItems {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub ids: Vec<Uuid>,
}

impl Work for InboxItems {
    const NAME: &'static str = "inbox_items";
    type Output = InboxPage;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<InboxPage, ItemError> {
        require_fresh(tx).await?;
        let items = inbox::some(tx, &self.ids).await?;
        for item in &items {
            tx.concerns(item.consultation.uuid());
        }
        Ok(InboxPage { items: views(tx, items).await?, next: None })
    }
}
