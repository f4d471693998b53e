//! What intake says.

use ehub_identifiers::{OrganisationId, QuarantineId};
use ehub_outbox::Refusal;
use ehub_proto::intake::event::v1::{
    ConsultationAccepted, MessageQuarantined, MessageRejected, PatientTraced, QuarantineConverted, WithdrawalRequested,
};

use super::{Said, UNREADABLE, body, consultations, episode, time, uuid};
use crate::domain::{
    fact::{Accepted, Fact},
    heard::Act,
};

pub(super) const KINDS: [&str; 6] = [
    "ehub.intake.event.v1.ConsultationAccepted",
    "ehub.intake.event.v1.PatientTraced",
    "ehub.intake.event.v1.MessageQuarantined",
    "ehub.intake.event.v1.QuarantineConverted",
    "ehub.intake.event.v1.MessageRejected",
    "ehub.intake.event.v1.WithdrawalRequested",
];

pub(super) fn said(kind: &str, bytes: &[u8]) -> Result<Said, Refusal> {
    let act = Act::of_service(kind);
    if kind == KINDS[0] {
        accepted(act, body(bytes)?)
    } else if kind == KINDS[1] {
        let event: PatientTraced = body(bytes)?;
        let outcome = event.outcome().as_str_name().trim_start_matches("TRACE_OUTCOME_");
        Ok(Said::new(act.with_detail(outcome), Fact::Noted))
    } else if kind == KINDS[2] {
        let event: MessageQuarantined = body(bytes)?;
        let message = QuarantineId::new(uuid(&event.quarantined)?);
        let act = Act { organisation_ods: event.owner_ods, ..act.about(message.name()).with_detail(event.cause) };
        Ok(Said::new(act, Fact::Quarantined(message)))
    } else if kind == KINDS[3] {
        let event: QuarantineConverted = body(bytes)?;
        let message = QuarantineId::new(uuid(&event.quarantined)?);
        // Converted is what an accepted consultation says it was made of; this only tells the story.
        let said = Said::new(act.about(message.name()), Fact::Noted);
        Ok(Said { consultations: consultations([event.consultation.as_str()]), ..said })
    } else if kind == KINDS[4] {
        let event: MessageRejected = body(bytes)?;
        let message = QuarantineId::new(uuid(&event.message)?);
        Ok(Said::new(act.about(message.name()).with_detail(event.response_code), Fact::Rejected(message)))
    } else if kind == KINDS[5] {
        let event: WithdrawalRequested = body(bytes)?;
        Ok(Said::new(act.with_detail(event.reason), Fact::Noted))
    } else {
        Err(UNREADABLE)
    }
}

fn accepted(act: Act, event: ConsultationAccepted) -> Result<Said, Refusal> {
    let practice = match event.practice.as_str() {
        "" => None,
        text => Some(OrganisationId::new(uuid(text)?)),
    };
    let quarantined = match event.quarantined.as_str() {
        "" => None,
        text => Some(QuarantineId::new(uuid(text)?)),
    };
    let channel = event.channel().as_str_name().trim_start_matches("CHANNEL_").to_owned();
    let fact = Accepted {
        episode: episode(event.episode),
        practice,
        practice_ods: event.practice_ods.clone(),
        quarantined,
        first_contact_at: time(event.first_contact_time)?,
        accepted_at: time(event.accept_time)?,
    };
    let act = Act { on_behalf_of_ods: event.practice_ods, client: event.client, ..act.with_detail(channel) };
    Ok(Said::new(act, Fact::Accepted(fact)))
}
