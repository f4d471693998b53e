//! From what operations give to the contract.

use ehub_identifiers::ConsultationId;
use ehub_proto::{
    allocation::v1::{Alert as ProtoAlert, ItemState, SafeDisposition, WorkItem},
    timestamp,
};

use crate::{
    domain::{alert::Alert, item::Holding},
    events::items::urgency,
    operations::held::ItemView,
};

/// A work item.
pub(crate) fn item(view: &ItemView) -> WorkItem {
    let item = &view.item;
    let (state, lease) = match &item.holding {
        Holding::Queued => (ItemState::Queued, None),
        Holding::Claimed(lease) => (ItemState::Claimed, Some(lease)),
        Holding::Completed => (ItemState::Completed, None),
        Holding::Withdrawn => (ItemState::Withdrawn, None),
    };
    WorkItem {
        consultation: item.consultation.name(),
        reference: item.reference.clone(),
        practice_ods: item.practice.ods.to_string(),
        state: state.into(),
        pool_ods: item.pool.party.ods.to_string(),
        skill: item.skill.clone(),
        urgency: urgency(item.urgency).into(),
        need: item.need.to_string(),
        topic: item.topic.clone(),
        claimed_by: lease.map(|lease| lease.subject.clone()).unwrap_or_default(),
        claim_expire_time: lease.map(|lease| timestamp(lease.until)),
        first_contact_time: Some(timestamp(item.first_contact_at)),
        respond_by: Some(timestamp(item.respond_by)),
        work_by: Some(timestamp(item.work_by)),
        routed_by: item.routed_by.clone(),
        acknowledgement_pending: item.acknowledge_by.is_some(),
        acknowledge_by: item.acknowledge_by.map(timestamp),
        transfer_reason: item.transfer_reason.clone().unwrap_or_default(),
        override_reason: item.override_reason.clone().unwrap_or_default(),
        withdraw_request_time: item.withdrawal.as_ref().map(|wish| timestamp(wish.at)),
        withdraw_reason: item.withdrawal.as_ref().map(|wish| wish.reason.clone()).unwrap_or_default(),
        episode: item.episode,
        version: item.version,
        epoch: item.epoch,
        related: item.related.iter().map(ConsultationId::name).collect(),
        open_tasks: view.open_tasks.clone(),
        safe_disposition: item
            .safe
            .map(|safe| SafeDisposition { kind: safe.kind.to_string(), time: Some(timestamp(safe.at)) }),
    }
}

/// A clinical alert.
pub(crate) fn alert(alert: &Alert) -> ProtoAlert {
    let (by, at) = alert.acknowledged.clone().unzip();
    ProtoAlert {
        name: alert.id.name(),
        subject: alert.subject.name(),
        reference: alert.reference.clone(),
        raise_time: Some(timestamp(alert.raised_at)),
        calls: alert.calls,
        acknowledged_by: by.unwrap_or_default(),
        acknowledge_time: at.map(timestamp),
    }
}
