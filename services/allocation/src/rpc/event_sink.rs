//! What allocation does with the facts of others. Any order across sources.

use std::sync::Arc;

use ehub_identifiers::{ConsultationId, EntryId, OdsCode, OrganisationId, QuarantineId};
use ehub_outbox::{Received, Refusal, Subscription};
use ehub_postgres::{StorageError, Tx};
use ehub_proto::{
    instant,
    intake::{
        event::v1::{ConsultationAccepted, MessageQuarantined, WithdrawalRequested},
        v1::{Need as ProtoNeed, Urgency as Screened},
    },
    writeback::{
        event::v1::{EntryFiled, EntryMoved},
        v1::EntryState,
    },
};
use prost::Message;
use time::OffsetDateTime;

use crate::{
    domain::item::Withdrawal,
    domain::policy::Policy,
    domain::words::{Need, Urgency},
    operations::{
        accept::{Accepted, accept},
        entry_moved::{Delivery, entry_moved},
        quarantined::quarantined_emergency,
        withdraw::{Wish, withdraw},
    },
    pathway::Pathway,
};

const ACCEPTED: &str = "ehub.intake.event.v1.ConsultationAccepted";
const QUARANTINED: &str = "ehub.intake.event.v1.MessageQuarantined";
const WITHDRAWAL: &str = "ehub.intake.event.v1.WithdrawalRequested";
const FILED: &str = "ehub.writeback.event.v1.EntryFiled";
const MOVED: &str = "ehub.writeback.event.v1.EntryMoved";

/// The kinds allocation reads; the others it knows come without their body.
const READ: [&str; 5] = [ACCEPTED, QUARANTINED, WITHDRAWAL, FILED, MOVED];

/// Kinds allocation knows and has nothing to do with.
const PASSED_OVER: [&str; 5] = [
    "ehub.intake.event.v1.PatientTraced",
    "ehub.intake.event.v1.QuarantineConverted",
    "ehub.intake.event.v1.MessageRejected",
    "ehub.prescribing.event.v1.PrescriptionMoved",
    "ehub.audit.event.v1.AccessRecorded",
];

/// Allocation's subscription.
#[derive(Debug, Clone)]
pub struct Events {
    pathway: Arc<Pathway>,
    policy: Policy,
}

impl Events {
    /// Routes by a pathway.
    #[must_use]
    pub fn new(pathway: Arc<Pathway>, policy: Policy) -> Self {
        Self { pathway, policy }
    }
}

const UNREADABLE: Refusal = Refusal::Never("UNREADABLE");

impl Subscription for Events {
    fn knows(&self, _: &str, kind: &str) -> bool {
        READ.contains(&kind) || PASSED_OVER.contains(&kind)
    }

    fn passes(&self, _: &str, kind: &str) -> bool {
        !ehub_proto::reads("allocation", kind)
    }

    async fn apply(&self, tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
        match event.kind.as_str() {
            ACCEPTED => {
                let body = ConsultationAccepted::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
                let accepted = accepted(body).ok_or(UNREADABLE)?;
                accept(tx, &accepted, &self.pathway, &self.policy).await
            }
            QUARANTINED => {
                let body = MessageQuarantined::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
                if body.screened() != Screened::Emergency {
                    return Ok(());
                }
                let id = QuarantineId::parse(&body.quarantined).map_err(|_| UNREADABLE)?;
                let owner = OdsCode::parse(&body.owner_ods).map_err(|_| UNREADABLE)?;
                quarantined_emergency(tx, id, &owner).await
            }
            WITHDRAWAL => {
                let body = WithdrawalRequested::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
                withdraw(tx, &wish(body).ok_or(UNREADABLE)?).await
            }
            FILED => {
                let body = EntryFiled::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
                delivery(tx, &body.consultation, &body.entry, body.state()).await
            }
            MOVED => {
                let body = EntryMoved::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
                delivery(tx, &body.consultation, &body.entry, body.state()).await
            }
            _ => Ok(()),
        }
    }

    async fn caught_up(&self, _: &mut Tx, _: &str, _: OffsetDateTime) -> Result<(), StorageError> {
        // The register is our own: its freshness follows from no source.
        Ok(())
    }
}

/// An entry's way to the practice: what fails becomes a task, and what is done after all settles it.
/// One without an agreement needs a person from the moment it is filed.
async fn delivery(tx: &mut Tx, consultation: &str, entry: &str, state: EntryState) -> Result<(), Refusal> {
    let delivery = match state {
        EntryState::Rejected | EntryState::Undelivered | EntryState::NeedsAttention => Delivery::Failed,
        EntryState::Acknowledged | EntryState::Settled => Delivery::Done,
        _ => return Ok(()),
    };
    let consultation = ConsultationId::parse(consultation).map_err(|_| UNREADABLE)?;
    let entry = EntryId::parse(entry).map_err(|_| UNREADABLE)?;
    entry_moved(tx, consultation, entry, delivery).await
}

/// What cannot be screened, and what says nothing, goes to a person within the urgent target.
fn urgency(screened: Screened) -> Urgency {
    match screened {
        Screened::Emergency => Urgency::Emergency,
        Screened::Urgent | Screened::NotScreened | Screened::Unspecified => Urgency::Urgent,
        Screened::Routine | Screened::Note => Urgency::Routine,
    }
}

fn wish(body: WithdrawalRequested) -> Option<Wish> {
    Some(Wish {
        consultation: ConsultationId::parse(&body.consultation).ok()?,
        episode: body.episode,
        flagged: body.flagged,
        withdrawal: Withdrawal { at: instant(body.request_time.as_ref()?)?, reason: body.reason },
    })
}

fn accepted(body: ConsultationAccepted) -> Option<Accepted> {
    let (need, channel) = (body.need(), body.channel());
    let screening = body.screening.unwrap_or_default();
    let at = |time: Option<&prost_types::Timestamp>| time.and_then(instant);
    let practice = match body.practice.as_str() {
        "" => None,
        id => Some(OrganisationId::parse(id).ok()?),
    };
    Some(Accepted {
        consultation: ConsultationId::parse(&body.consultation).ok()?,
        reference: body.reference,
        practice,
        practice_ods: OdsCode::parse(&body.practice_ods).ok()?,
        hub_ods: OdsCode::parse(&body.hub_ods).ok()?,
        need: match need {
            ProtoNeed::Clinical => Need::Clinical,
            ProtoNeed::Administrative => Need::Administrative,
            // What says nothing is for a clinician to look at.
            ProtoNeed::ClinicalAdministrative | ProtoNeed::Unspecified => Need::ClinicalAdministrative,
        },
        topic: body.topic,
        urgency: urgency(screening.urgency()),
        not_screened: screening.not_screened_reason,
        restricted: body.restricted,
        by_proxy: body.by_proxy,
        age: body.patient_age,
        channel: channel.as_str_name().trim_start_matches("CHANNEL_").to_owned(),
        first_contact_at: at(body.first_contact_time.as_ref())?,
        accepted_at: at(body.accept_time.as_ref())?,
        respond_by: at(body.respond_by.as_ref())?,
        episode: body.episode,
        related: body.related.iter().filter_map(|id| ConsultationId::parse(id).ok()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_screened_is_urgent() {
        assert_eq!(urgency(Screened::NotScreened), Urgency::Urgent);
        assert_eq!(urgency(Screened::Unspecified), Urgency::Urgent);
        assert_eq!(urgency(Screened::Note), Urgency::Routine);
    }

    #[test]
    fn an_event_without_its_times_is_unreadable() {
        assert!(accepted(ConsultationAccepted::default()).is_none());
    }

    #[test]
    fn what_is_sent_here_with_its_body_is_what_is_read_here() {
        let mut read = READ.to_vec();
        read.sort_unstable();
        let mut sent: Vec<_> = ehub_proto::read_by("allocation").collect();
        sent.sort_unstable();
        assert_eq!(read, sent);
    }
}
