//! Allocation's messages as values.

use ehub_proto::allocation::v1::{Alert, ItemState, ItemUrgency, WorkItem};
use serde_json::{Value, json};

use super::{stamp, text, word};

/// A work item.
pub fn work_item(item: &WorkItem) -> Value {
    json!({
        "consultation": item.consultation,
        "reference": item.reference,
        "practice_ods": item.practice_ods,
        "state": word!(ItemState, "ITEM_STATE_", item.state),
        "pool_ods": text(&item.pool_ods),
        "skill": text(&item.skill),
        "urgency": word!(ItemUrgency, "ITEM_URGENCY_", item.urgency),
        "need": text(&item.need),
        "topic": text(&item.topic),
        "claimed_by": text(&item.claimed_by),
        "claim_expire_time": stamp(item.claim_expire_time.as_ref()),
        "first_contact_time": stamp(item.first_contact_time.as_ref()),
        "respond_by": stamp(item.respond_by.as_ref()),
        "work_by": stamp(item.work_by.as_ref()),
        "routed_by": text(&item.routed_by),
        "acknowledgement_pending": item.acknowledgement_pending,
        "acknowledge_by": stamp(item.acknowledge_by.as_ref()),
        "transfer_reason": text(&item.transfer_reason),
        "override_reason": text(&item.override_reason),
        "withdraw_request_time": stamp(item.withdraw_request_time.as_ref()),
        "withdraw_reason": text(&item.withdraw_reason),
        "episode": item.episode,
        "version": item.version,
        "epoch": item.epoch,
        "related": item.related,
        "open_tasks": item.open_tasks,
        "safe_disposition": item.safe_disposition.as_ref().map(|safe| {
            json!({ "kind": safe.kind, "time": stamp(safe.time.as_ref()) })
        }),
    })
}

/// A clinical alert.
pub fn alert(alert: &Alert) -> Value {
    json!({
        "name": alert.name,
        "subject": alert.subject,
        "reference": text(&alert.reference),
        "raise_time": stamp(alert.raise_time.as_ref()),
        "calls": alert.calls,
        "acknowledged_by": text(&alert.acknowledged_by),
        "acknowledge_time": stamp(alert.acknowledge_time.as_ref()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_no_part_of_an_item() {
        let shown = work_item(&WorkItem { state: ItemState::Claimed.into(), epoch: 3, ..WorkItem::default() });
        assert_eq!(shown["state"], "CLAIMED");
        assert_eq!(shown["epoch"], 3);
        assert!(shown.get("grant").is_none());
    }
}
