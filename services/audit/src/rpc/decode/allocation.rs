//! What allocation says.

use ehub_outbox::Refusal;
use ehub_proto::allocation::event::v1::{
    AccessPublished, AlertAcknowledged, AlertRaised, ClaimEnded, ConsultationCompleted, ItemClaimed, ItemRouted,
    ItemTransferred, ItemWithdrawn, OrganisationPut, TaskRaised, TransferAcknowledged,
};

use super::{Said, UNREADABLE, body, episode, time};
use crate::domain::{
    fact::{Completed, Fact},
    heard::Act,
};

pub(super) const KINDS: [&str; 12] = [
    "ehub.allocation.event.v1.OrganisationPut",
    "ehub.allocation.event.v1.AccessPublished",
    "ehub.allocation.event.v1.ItemRouted",
    "ehub.allocation.event.v1.ItemClaimed",
    "ehub.allocation.event.v1.ClaimEnded",
    "ehub.allocation.event.v1.ItemTransferred",
    "ehub.allocation.event.v1.TransferAcknowledged",
    "ehub.allocation.event.v1.AlertRaised",
    "ehub.allocation.event.v1.AlertAcknowledged",
    "ehub.allocation.event.v1.TaskRaised",
    "ehub.allocation.event.v1.ConsultationCompleted",
    "ehub.allocation.event.v1.ItemWithdrawn",
];

pub(super) fn said(kind: &str, bytes: &[u8]) -> Result<Said, Refusal> {
    let act = Act::of_service(kind);
    match kind.rsplit('.').next().unwrap_or_default() {
        "OrganisationPut" | "AccessPublished" | "AlertRaised" | "AlertAcknowledged" | "TaskRaised" => {
            beside(kind, bytes, act)
        }
        "ItemRouted" => {
            let event: ItemRouted = body(bytes)?;
            let detail = format!("{} {}", event.pool_ods, event.routed_by);
            Ok(Said::new(act.with_detail(detail.trim()), Fact::Routed { episode: episode(event.episode) }))
        }
        "ItemClaimed" => {
            let event: ItemClaimed = body(bytes)?;
            Ok(Said::new(act.by(event.subject), Fact::Claimed { episode: episode(event.episode) }))
        }
        "ClaimEnded" => {
            let event: ClaimEnded = body(bytes)?;
            Ok(Said::new(act.with_detail(event.cause), Fact::ClaimEnded { episode: episode(event.episode) }))
        }
        "ItemTransferred" => {
            let event: ItemTransferred = body(bytes)?;
            let detail = format!("{} {} {} {}", event.kind, event.from_ods, event.to_ods, event.safe_kind);
            Ok(Said::new(act.with_detail(detail.trim_end()), Fact::Transferred { episode: episode(event.episode) }))
        }
        "TransferAcknowledged" => {
            let event: TransferAcknowledged = body(bytes)?;
            Ok(Said::new(act.by(event.subject), Fact::Noted))
        }
        "ItemWithdrawn" => {
            let event: ItemWithdrawn = body(bytes)?;
            let at = time(event.withdraw_time)?;
            Ok(Said::new(act, Fact::Withdrawn { episode: episode(event.episode), at }))
        }
        "ConsultationCompleted" => completed(act, body(bytes)?),
        _ => Err(UNREADABLE),
    }
}

/// What is told beside the movements of items.
fn beside(kind: &str, bytes: &[u8], act: Act) -> Result<Said, Refusal> {
    match kind.rsplit('.').next().unwrap_or_default() {
        "OrganisationPut" => {
            let event: OrganisationPut = body(bytes)?;
            let organisation = event.organisation.ok_or(UNREADABLE)?;
            Ok(Said::new(act.about(organisation.name).with_detail(organisation.ods), Fact::Noted))
        }
        "AccessPublished" => {
            let event: AccessPublished = body(bytes)?;
            let act = act.about(format!("organisations/{}", event.organisation));
            Ok(Said::new(act.with_detail(format!("version {}", event.access_version)), Fact::Noted))
        }
        "AlertRaised" => {
            let event: AlertRaised = body(bytes)?;
            Ok(Said::new(act.about(format!("alerts/{}", event.alert)), Fact::Noted))
        }
        "AlertAcknowledged" => {
            let event: AlertAcknowledged = body(bytes)?;
            Ok(Said::new(act.about(format!("alerts/{}", event.alert)).by(event.subject), Fact::Noted))
        }
        "TaskRaised" => {
            let event: TaskRaised = body(bytes)?;
            let act = act.about(event.subject.clone()).with_detail(event.kind.clone());
            Ok(Said::new(act, Fact::TaskRaised { subject: event.subject, kind: event.kind }))
        }
        _ => Err(UNREADABLE),
    }
}

fn completed(act: Act, event: ConsultationCompleted) -> Result<Said, Refusal> {
    let outcome = event.outcome().as_str_name().trim_start_matches("OUTCOME_KIND_").to_owned();
    let fact = Completed {
        episode: episode(event.episode),
        completed_at: time(event.complete_time)?,
        in_time: event.in_time,
        manifest: event.manifest.into_iter().map(|item| (item.name, item.version)).collect(),
    };
    Ok(Said::new(act.by(event.subject).with_detail(outcome), Fact::Completed(fact)))
}
