//! Domain events as the messages other services read.

use ehub_postgres::Draft;
use ehub_proto::{
    intake::{
        event::v1::{
            ConsultationAccepted, MessageQuarantined, MessageRejected, PatientTraced, QuarantineConverted,
            WithdrawalRequested,
        },
        v1::{Channel, Need, Screening, TraceOutcome, Urgency},
    },
    timestamp,
};
use prost::Message;

use crate::domain::{codes, event, screening};

/// A consultation is durable here.
pub const ACCEPTED: &str = "ehub.intake.event.v1.ConsultationAccepted";
const QUARANTINED: &str = "ehub.intake.event.v1.MessageQuarantined";
const REJECTED: &str = "ehub.intake.event.v1.MessageRejected";

/// Whether an event of this kind may leave an acknowledgement to be sent, or an emergency to be told.
pub fn ends_a_message(kind: &str) -> bool {
    [ACCEPTED, QUARANTINED, REJECTED].contains(&kind)
}

impl From<event::Accepted> for Draft {
    fn from(event: event::Accepted) -> Self {
        let body = ConsultationAccepted {
            consultation: event.consultation.to_string(),
            reference: event.reference,
            practice: event.practice.map(|id| id.to_string()).unwrap_or_default(),
            practice_ods: event.practice_ods,
            hub_ods: event.hub_ods,
            channel: channel(event.channel).into(),
            need: need(event.need).into(),
            topic: event.topic,
            screening: Some(screening(&event.screening)),
            first_contact_time: Some(timestamp(event.first_contact_time)),
            accept_time: Some(timestamp(event.accept_time)),
            plan_by: Some(timestamp(event.deadlines.plan_by)),
            respond_by: Some(timestamp(event.deadlines.respond_by)),
            patient_age: event.patient_age,
            test_patient: event.test_patient,
            by_proxy: event.by_proxy,
            restricted: event.restricted,
            related: event.related.iter().map(ToString::to_string).collect(),
            episode: 1,
            client: event.client,
            quarantined: event.quarantined.map(|id| id.to_string()).unwrap_or_default(),
        };
        Self {
            stream: Some(event.consultation),
            kind: ACCEPTED,
            body: body.encode_to_vec(),
            consultation: Some(event.consultation),
        }
    }
}

impl From<event::WithdrawalRequested> for Draft {
    fn from(event: event::WithdrawalRequested) -> Self {
        let body = WithdrawalRequested {
            consultation: event.consultation.to_string(),
            episode: event.episode,
            reason: event.reason.code().to_owned(),
            flagged: event.flagged,
            request_time: Some(timestamp(event.at)),
        };
        Self {
            stream: Some(event.consultation),
            kind: "ehub.intake.event.v1.WithdrawalRequested",
            body: body.encode_to_vec(),
            consultation: Some(event.consultation),
        }
    }
}

impl From<event::PatientTraced> for Draft {
    fn from(event: event::PatientTraced) -> Self {
        let body = PatientTraced {
            consultation: event.consultation.to_string(),
            outcome: outcome(event.outcome).into(),
            registered_practice_ods: event.practice_ods.unwrap_or_default(),
        };
        Self {
            stream: Some(event.consultation),
            kind: "ehub.intake.event.v1.PatientTraced",
            body: body.encode_to_vec(),
            consultation: Some(event.consultation),
        }
    }
}

impl From<event::Quarantined> for Draft {
    fn from(event: event::Quarantined) -> Self {
        let body = MessageQuarantined {
            quarantined: event.quarantined.to_string(),
            mailbox: event.mailbox,
            cause: event.cause.code().to_owned(),
            screened: urgency(event.screened).into(),
            receive_time: Some(timestamp(event.receive_time)),
            deadline: Some(timestamp(event.deadline)),
            owner_ods: event.owner_ods,
        };
        Self { stream: Some(event.quarantined), kind: QUARANTINED, body: body.encode_to_vec(), consultation: None }
    }
}

impl From<event::Converted> for Draft {
    fn from(event: event::Converted) -> Self {
        let body = QuarantineConverted {
            quarantined: event.quarantined.to_string(),
            consultation: event.consultation.to_string(),
        };
        Self {
            stream: Some(event.quarantined),
            kind: "ehub.intake.event.v1.QuarantineConverted",
            body: body.encode_to_vec(),
            consultation: Some(event.consultation),
        }
    }
}

impl From<event::Rejected> for Draft {
    fn from(event: event::Rejected) -> Self {
        let body =
            MessageRejected { message: event.message.to_string(), response_code: event.response_code.to_string() };
        Self { stream: None, kind: REJECTED, body: body.encode_to_vec(), consultation: None }
    }
}

/// What screening found, on the wire.
pub fn screening(found: &screening::Screening) -> Screening {
    Screening {
        urgency: urgency(found.urgency).into(),
        matched_rules: found.matched_rules.clone(),
        not_screened_reason: found.not_screened_reason.clone(),
        emergency_advice: found.emergency_advice.clone(),
        rule_set: found.rule_set.clone(),
    }
}

/// A channel on the wire.
pub fn channel(channel: codes::Channel) -> Channel {
    match channel {
        codes::Channel::Online => Channel::Online,
        codes::Channel::Mesh => Channel::Mesh,
        codes::Channel::Phone => Channel::Phone,
        codes::Channel::Desk => Channel::Desk,
    }
}

/// A need on the wire.
pub fn need(need: codes::Need) -> Need {
    match need {
        codes::Need::Clinical => Need::Clinical,
        codes::Need::Administrative => Need::Administrative,
        codes::Need::ClinicalAdministrative => Need::ClinicalAdministrative,
    }
}

/// An urgency on the wire.
pub fn urgency(urgency: codes::Urgency) -> Urgency {
    match urgency {
        codes::Urgency::Routine => Urgency::Routine,
        codes::Urgency::Note => Urgency::Note,
        codes::Urgency::Urgent => Urgency::Urgent,
        codes::Urgency::Emergency => Urgency::Emergency,
        codes::Urgency::NotScreened => Urgency::NotScreened,
    }
}

/// A trace outcome on the wire.
pub fn outcome(outcome: codes::TraceOutcome) -> TraceOutcome {
    match outcome {
        codes::TraceOutcome::Verified => TraceOutcome::Verified,
        codes::TraceOutcome::NotTraced => TraceOutcome::NotTraced,
        codes::TraceOutcome::Sensitive => TraceOutcome::Sensitive,
        codes::TraceOutcome::Moved => TraceOutcome::Moved,
        codes::TraceOutcome::Deceased => TraceOutcome::Deceased,
        codes::TraceOutcome::Superseded => TraceOutcome::Superseded,
    }
}
