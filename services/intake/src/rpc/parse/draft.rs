//! Wire messages as drafts: moved, not judged.

use ehub_proto::intake::v1::{Content, Need as ProtoNeed, Patient, Submitter, SubmitterKind as ProtoSubmitterKind};

use crate::domain::{
    codes::{Need, SubmitterKind},
    draft::{ContentDraft, Draft, PatientDraft, SubmitterDraft},
    patient::{Communication, ContactSafety},
};

pub(super) fn consultation(patient: Option<Patient>, submitter: Option<Submitter>, content: Option<Content>) -> Draft {
    Draft { patient: patient.map(person), submitter: submitter.map(writer), content: content.map(asked) }
}

fn person(given: Patient) -> PatientDraft {
    let communication = given.communication.unwrap_or_default();
    let safety = given.contact_safety.unwrap_or_default();
    PatientDraft {
        nhs_number: given.nhs_number,
        family_name: given.family_name,
        given_names: given.given_names,
        birth_date: given.birth_date,
        gender: given.gender,
        phone: given.phone,
        email: given.email,
        address: given.address,
        communication: Communication {
            language: communication.language,
            interpreter: communication.interpreter,
            format: communication.format,
        },
        contact_safety: ContactSafety {
            text_is_safe: safety.text_is_safe,
            voicemail_is_safe: safety.voicemail_is_safe,
            proxy_may_see: safety.proxy_may_see,
        },
    }
}

fn writer(given: Submitter) -> SubmitterDraft {
    let kind = match given.kind() {
        ProtoSubmitterKind::Unspecified => None,
        ProtoSubmitterKind::Self_ => Some(SubmitterKind::Patient),
        ProtoSubmitterKind::Proxy => Some(SubmitterKind::Proxy),
        ProtoSubmitterKind::Staff => Some(SubmitterKind::Staff),
    };
    SubmitterDraft {
        kind,
        full_name: given.full_name,
        relationship: given.relationship,
        competence_recorded: given.competence_recorded,
    }
}

fn asked(given: Content) -> ContentDraft {
    ContentDraft {
        need: need(given.need()),
        topic: given.topic,
        free_text: given.free_text,
        answers: given.answers.into_iter().map(|answer| (answer.question_id, answer.question, answer.answer)).collect(),
        restricted: given.restricted,
    }
}

/// A need, when one was said.
pub(super) fn need(given: ProtoNeed) -> Option<Need> {
    match given {
        ProtoNeed::Unspecified => None,
        ProtoNeed::Clinical => Some(Need::Clinical),
        ProtoNeed::Administrative => Some(Need::Administrative),
        ProtoNeed::ClinicalAdministrative => Some(Need::ClinicalAdministrative),
    }
}
