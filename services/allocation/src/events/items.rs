//! Events of work items.

use ehub_identifiers::ConsultationId;
use ehub_postgres::Draft;
use ehub_proto::{
    allocation::{
        event::v1::{
            ClaimEnded, ConsultationCompleted, ItemClaimed, ItemRouted, ItemTransferred, ItemWithdrawn, ManifestItem,
            TaskRaised, TransferAcknowledged,
        },
        v1::{ItemUrgency, OutcomeKind as ProtoOutcome},
    },
    timestamp,
};
use time::OffsetDateTime;

use crate::{
    domain::{
        closing::{Closing, ManifestEntry},
        item::{Lease, Party, WorkItem},
        words::{EndCause, TransferKind, Urgency},
    },
    events::of_consultation,
};

/// The contract's urgency.
#[must_use]
pub fn urgency(urgency: Urgency) -> ItemUrgency {
    match urgency {
        Urgency::Routine => ItemUrgency::Routine,
        Urgency::Urgent => ItemUrgency::Urgent,
        Urgency::Emergency => ItemUrgency::Emergency,
    }
}

/// An item was put into a pool.
#[must_use]
pub fn routed(item: &WorkItem) -> Draft {
    let event = ItemRouted {
        consultation: item.consultation.to_string(),
        episode: item.episode,
        pool_ods: item.pool.party.ods.to_string(),
        pool_kind: item.pool.kind.to_string(),
        routed_by: item.routed_by.clone(),
        work_by: Some(timestamp(item.work_by)),
        skill: item.skill.clone(),
        urgency: urgency(item.urgency).into(),
    };
    of_consultation(item.consultation.uuid(), "ehub.allocation.event.v1.ItemRouted", &event)
}

/// A person claimed an item, or got a new epoch for it.
#[must_use]
pub fn claimed(item: &WorkItem, lease: &Lease) -> Draft {
    let event = ItemClaimed {
        consultation: item.consultation.to_string(),
        episode: item.episode,
        epoch: item.epoch,
        subject: lease.subject.clone(),
        expire_time: Some(timestamp(lease.until)),
    };
    of_consultation(item.consultation.uuid(), "ehub.allocation.event.v1.ItemClaimed", &event)
}

/// A claim ended without completion. `epoch` is the one that ended.
#[must_use]
pub fn claim_ended(item: &WorkItem, epoch: i64, cause: EndCause) -> Draft {
    let event = ClaimEnded {
        consultation: item.consultation.to_string(),
        episode: item.episode,
        epoch,
        cause: cause.to_string(),
    };
    of_consultation(item.consultation.uuid(), "ehub.allocation.event.v1.ClaimEnded", &event)
}

/// An item moved to another organisation's pool.
#[must_use]
pub fn transferred(item: &WorkItem, from: &Party, kind: TransferKind, acknowledge_by: Option<OffsetDateTime>) -> Draft {
    let event = ItemTransferred {
        consultation: item.consultation.to_string(),
        episode: item.episode,
        from_ods: from.ods.to_string(),
        to_ods: item.pool.party.ods.to_string(),
        kind: kind.to_string(),
        acknowledge_by: acknowledge_by.map(timestamp),
        safe_kind: item.safe.map(|safe| safe.kind.to_string()).unwrap_or_default(),
    };
    of_consultation(item.consultation.uuid(), "ehub.allocation.event.v1.ItemTransferred", &event)
}

/// The receiver acknowledged a transfer.
#[must_use]
pub fn acknowledged(item: &WorkItem, subject: &str) -> Draft {
    let event = TransferAcknowledged {
        consultation: item.consultation.to_string(),
        episode: item.episode,
        subject: subject.to_owned(),
    };
    of_consultation(item.consultation.uuid(), "ehub.allocation.event.v1.TransferAcknowledged", &event)
}

/// A task was raised.
#[must_use]
pub fn task_raised(consultation: ConsultationId, subject: &str, kind: &'static str) -> Draft {
    let event =
        TaskRaised { consultation: consultation.to_string(), subject: subject.to_owned(), kind: kind.to_owned() };
    of_consultation(consultation.uuid(), "ehub.allocation.event.v1.TaskRaised", &event)
}

/// An item nobody had worked on was withdrawn.
#[must_use]
pub fn withdrawn(item: &WorkItem, at: OffsetDateTime) -> Draft {
    let event = ItemWithdrawn {
        consultation: item.consultation.to_string(),
        episode: item.episode,
        withdraw_time: Some(timestamp(at)),
    };
    of_consultation(item.consultation.uuid(), "ehub.allocation.event.v1.ItemWithdrawn", &event)
}

/// A consultation was closed.
#[must_use]
pub fn completed(
    item: &WorkItem,
    closing: &Closing,
    subject: &str,
    manifest: &[ManifestEntry],
    at: OffsetDateTime,
) -> Draft {
    let outcome = ProtoOutcome::from_str_name(closing.outcome.as_str()).unwrap_or(ProtoOutcome::Unspecified);
    let event = ConsultationCompleted {
        consultation: item.consultation.to_string(),
        episode: item.episode,
        outcome: outcome.into(),
        clinical: closing.outcome.is_clinical(),
        complete_time: Some(timestamp(at)),
        in_time: closing.in_time(item.respond_by),
        manifest: manifest
            .iter()
            .map(|entry| ManifestItem { name: entry.name.clone(), version: entry.version })
            .collect(),
        subject: subject.to_owned(),
        epoch: item.epoch,
    };
    of_consultation(item.consultation.uuid(), "ehub.allocation.event.v1.ConsultationCompleted", &event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::OutcomeKind;

    #[test]
    fn every_outcome_has_its_word_in_the_contract() {
        for outcome in OutcomeKind::ALL {
            assert!(ProtoOutcome::from_str_name(outcome.as_str()).is_some(), "{outcome}");
        }
    }
}
