//! What is recorded of an answer where the answer itself must not be: claims without their grants,
//! pages without their sealed tokens.

use ehub_proto::{
    allocation::v1::{Alert, Claim, WorkItem},
    timestamp,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    operations::{claim_item::Claimed, list_alerts::AlertPage, list_inbox::InboxPage, release_claim::Parked},
    rpc::render,
};

/// A claim, with what signing its grant again takes.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct StoredClaim {
    /// The claim with an empty grant; absent when nothing waited.
    #[prost(message, optional, tag = "1")]
    pub claim: Option<Claim>,
    /// The claimer's organisation, as a UUID.
    #[prost(string, tag = "2")]
    pub organisation: String,
    /// The practice, as a UUID.
    #[prost(string, tag = "3")]
    pub practice: String,
    /// The consultation, as a UUID.
    #[prost(string, tag = "4")]
    pub consultation: String,
}

/// The record of a claim that was given.
pub(crate) fn given(claimed: &Claimed) -> StoredClaim {
    let item = &claimed.view.item;
    StoredClaim {
        claim: Some(Claim {
            item: Some(render::item(&claimed.view)),
            grant: String::new(),
            expire_time: Some(timestamp(claimed.lease.until)),
            epoch: item.epoch,
        }),
        organisation: claimed.lease.organisation.to_string(),
        practice: item.practice.org.to_string(),
        consultation: item.consultation.to_string(),
    }
}

/// The record of a claim, or that nothing waited.
pub(crate) fn maybe(claimed: &Option<Claimed>) -> StoredClaim {
    claimed.as_ref().map(given).unwrap_or_default()
}

/// An item whose fence may have to be pushed again.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct StoredParked {
    /// The item as it was answered.
    #[prost(message, optional, tag = "1")]
    pub item: Option<WorkItem>,
    /// The consultation, as a UUID.
    #[prost(string, tag = "2")]
    pub consultation: String,
    /// The epoch to fence.
    #[prost(int64, tag = "3")]
    pub epoch: i64,
}

/// The record of an item that was given back.
pub(crate) fn parked(parked: &Parked) -> StoredParked {
    let item = &parked.view.item;
    StoredParked {
        item: Some(render::item(&parked.view)),
        consultation: item.consultation.to_string(),
        epoch: item.epoch,
    }
}

/// Where a page ended, as JSON; tokens are sealed at the edge.
fn place(next: Option<&impl Serialize>) -> String {
    next.and_then(|next| serde_json::to_string(next).ok()).unwrap_or_default()
}

/// A page of the inbox.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct StoredInbox {
    /// The items.
    #[prost(message, repeated, tag = "1")]
    pub items: Vec<WorkItem>,
    /// Where it ended.
    #[prost(string, tag = "2")]
    pub place: String,
}

impl StoredInbox {
    /// The token of the next page.
    pub fn next(&self, seal: impl FnOnce(&(i16, i64, Uuid)) -> String) -> String {
        serde_json::from_str(&self.place).map(|place| seal(&place)).unwrap_or_default()
    }
}

/// A page of the inbox.
pub(crate) fn inbox_page(page: &InboxPage) -> StoredInbox {
    StoredInbox { items: page.items.iter().map(render::item).collect(), place: place(page.next.as_ref()) }
}

/// A page of alerts.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct StoredAlerts {
    /// The alerts.
    #[prost(message, repeated, tag = "1")]
    pub alerts: Vec<Alert>,
    /// Where it ended.
    #[prost(string, tag = "2")]
    pub place: String,
}

impl StoredAlerts {
    /// The token of the next page.
    pub fn next(&self, seal: impl FnOnce(&(bool, i64, Uuid)) -> String) -> String {
        serde_json::from_str(&self.place).map(|place| seal(&place)).unwrap_or_default()
    }
}

/// A page of alerts.
pub(crate) fn alert_page(page: &AlertPage) -> StoredAlerts {
    StoredAlerts { alerts: page.alerts.iter().map(render::alert).collect(), place: place(page.next.as_ref()) }
}
