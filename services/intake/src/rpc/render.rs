//! What operations give, as answers.

use ehub_identifiers::{ConsultationId, QuarantineId, Reference};
use ehub_proto::{
    intake::v1::{
        Answer, CommunicationNeeds, Consultation, ContactSafety, Content, ConvertQuarantinedResponse, Enrolment,
        GetConsultationResponse, GetConsultationStatusResponse, GetQuarantinedContentResponse,
        ListConsultationsResponse, ListEnrolmentsResponse, ListQuarantinedResponse, Patient, Promise,
        PutEnrolmentResponse, Quarantined, Receipt, State, SubmitConsultationResponse, Submitter, SubmitterKind, Trace,
        WithdrawConsultationResponse,
    },
    timestamp,
};
use time::OffsetDateTime;

use crate::{
    domain::{codes, consultation as inner, enrolment, patient},
    events::{channel, need, outcome, screening, urgency},
    operations::{accept::Accepted, get::Found, get_quarantined_content, list, list_enrolments, list_quarantined},
    storage::{quarantine, status::PublicStatus, summary::Summary},
};

pub(super) fn submitted(accepted: &Accepted) -> SubmitConsultationResponse {
    SubmitConsultationResponse {
        consultation: ConsultationId::new(accepted.id).name(),
        receipt: Some(receipt(accepted)),
        screening: Some(screening(&accepted.screening)),
    }
}

pub(super) fn converted(accepted: &Accepted) -> ConvertQuarantinedResponse {
    ConvertQuarantinedResponse {
        consultation: ConsultationId::new(accepted.id).name(),
        receipt: Some(receipt(accepted)),
        screening: Some(screening(&accepted.screening)),
    }
}

fn receipt(accepted: &Accepted) -> Receipt {
    Receipt {
        reference: accepted.reference.to_string(),
        who_answers: accepted.who_answers.clone(),
        plan_by: Some(timestamp(accepted.deadlines.plan_by)),
        respond_by: Some(timestamp(accepted.deadlines.respond_by)),
        if_worse: accepted.if_worse.clone(),
        practice_phone: accepted.practice_phone.clone(),
        accept_time: Some(timestamp(accepted.accept_time)),
    }
}

pub(super) fn found(found: &Found) -> GetConsultationResponse {
    let inner = &found.whole.consultation;
    let consultation = Consultation {
        patient: Some(patient(&inner.patient)),
        submitter: Some(submitter(&inner.submitter)),
        content: Some(content(&inner.content)),
        related: found.related.iter().map(|id| ConsultationId::new(*id).name()).collect(),
        ..summary(&found.whole.summary)
    };
    GetConsultationResponse { consultation: Some(consultation) }
}

pub(super) fn listed(page: &list::Page) -> ListConsultationsResponse {
    ListConsultationsResponse {
        consultations: page.consultations.iter().map(summary).collect(),
        next_page_token: page.next_page_token.clone(),
    }
}

pub(super) fn withdrawn(at: &OffsetDateTime) -> WithdrawConsultationResponse {
    WithdrawConsultationResponse { withdraw_request_time: Some(timestamp(*at)) }
}

pub(super) fn status(found: &PublicStatus) -> GetConsultationStatusResponse {
    GetConsultationStatusResponse {
        state: state(found.state).into(),
        receive_time: Some(timestamp(found.accept_time)),
        respond_by: Some(timestamp(found.respond_by)),
        close_time: found.close_time.map(timestamp),
    }
}

pub(super) fn enrolment_put(put: &enrolment::Enrolment) -> PutEnrolmentResponse {
    PutEnrolmentResponse { enrolment: Some(enrolment(put)) }
}

pub(super) fn enrolments(page: &list_enrolments::Page) -> ListEnrolmentsResponse {
    ListEnrolmentsResponse {
        enrolments: page.enrolments.iter().map(enrolment).collect(),
        next_page_token: page.next_page_token.clone(),
    }
}

pub(super) fn quarantined(page: &list_quarantined::Page) -> ListQuarantinedResponse {
    ListQuarantinedResponse {
        quarantined: page.quarantined.iter().map(kept).collect(),
        next_page_token: page.next_page_token.clone(),
    }
}

/// All of it in one; it leaves in pieces.
pub(super) fn quarantined_content(content: &get_quarantined_content::Content) -> GetQuarantinedContentResponse {
    GetQuarantinedContentResponse { piece: prost::bytes::Bytes::copy_from_slice(&content.0) }
}

fn kept(kept: &quarantine::Quarantined) -> Quarantined {
    Quarantined {
        name: QuarantineId::new(kept.id).name(),
        mailbox: kept.mailbox.clone(),
        owner_ods: kept.owner_ods.clone(),
        cause: kept.cause.code().to_owned(),
        wrong_fields: kept.wrong_fields.clone(),
        receive_time: Some(timestamp(kept.receive_time)),
        deadline: Some(timestamp(kept.deadline)),
        screened: urgency(kept.screened).into(),
        size_bytes: kept.size_bytes,
        consultation: kept.consultation.map(|id| ConsultationId::new(id).name()).unwrap_or_default(),
        settle_time: kept.settle_time.map(timestamp),
    }
}

fn summary(summary: &Summary) -> Consultation {
    let trace = summary.trace.as_ref().map(|(ended, practice, at)| Trace {
        outcome: outcome(*ended).into(),
        registered_practice_ods: practice.clone().unwrap_or_default(),
        trace_time: Some(timestamp(*at)),
    });
    Consultation {
        name: ConsultationId::new(summary.id).name(),
        reference: reference(&summary.reference),
        supplier_reference: summary.supplier_reference.clone().unwrap_or_default(),
        practice_ods: summary.practice_ods.clone(),
        hub_ods: summary.hub_ods.clone(),
        channel: channel(summary.channel).into(),
        state: state(summary.state).into(),
        need: need(summary.need).into(),
        topic: summary.topic.clone(),
        patient: None,
        submitter: None,
        content: None,
        screening: Some(screening(&summary.screening)),
        first_contact_time: Some(timestamp(summary.first_contact_time)),
        accept_time: Some(timestamp(summary.accept_time)),
        plan_by: Some(timestamp(summary.plan_by)),
        respond_by: Some(timestamp(summary.respond_by)),
        close_time: summary.close_time.map(timestamp),
        withdraw_request_time: summary.withdraw_request_time.map(timestamp),
        trace,
        related: Vec::new(),
        episode: summary.episode,
    }
}

/// A reference as it is read out.
pub(super) fn reference(plain: &str) -> String {
    Reference::parse(plain).map_or_else(|_| plain.to_owned(), |reference| reference.to_string())
}

/// A patient on the wire.
pub(super) fn patient(patient: &patient::Patient) -> Patient {
    let number = patient.nhs_number.as_ref().map(|number| number.as_str().to_owned());
    Patient {
        nhs_number: number.unwrap_or_default(),
        family_name: patient.family_name.clone(),
        given_names: patient.given_names.clone(),
        birth_date: patient.birth_date.to_string(),
        gender: patient.gender.code().to_owned(),
        phone: patient.phone.clone(),
        email: patient.email.clone(),
        address: patient.address.clone(),
        communication: Some(CommunicationNeeds {
            language: patient.communication.language.clone(),
            interpreter: patient.communication.interpreter,
            format: patient.communication.format.clone(),
        }),
        contact_safety: Some(ContactSafety {
            text_is_safe: patient.contact_safety.text_is_safe,
            voicemail_is_safe: patient.contact_safety.voicemail_is_safe,
            proxy_may_see: patient.contact_safety.proxy_may_see,
        }),
    }
}

fn submitter(submitter: &patient::Submitter) -> Submitter {
    let kind = match submitter.kind {
        codes::SubmitterKind::Patient => SubmitterKind::Self_,
        codes::SubmitterKind::Proxy => SubmitterKind::Proxy,
        codes::SubmitterKind::Staff => SubmitterKind::Staff,
    };
    Submitter {
        kind: kind.into(),
        full_name: submitter.full_name.clone(),
        relationship: submitter.relationship.clone(),
        competence_recorded: submitter.competence_recorded,
    }
}

fn content(content: &inner::Content) -> Content {
    let answers = content.answers.iter().map(|answer| Answer {
        question_id: answer.question_id.clone(),
        question: answer.question.clone(),
        answer: answer.answer.clone(),
    });
    Content {
        need: need(content.need).into(),
        topic: content.topic.clone(),
        free_text: content.free_text.clone(),
        answers: answers.collect(),
        restricted: content.restricted,
    }
}

fn enrolment(enrolment: &enrolment::Enrolment) -> Enrolment {
    let terms = &enrolment.terms;
    let promises = terms.promises.iter().map(|row| Promise {
        need: need(row.need).into(),
        urgency: urgency(row.urgency).into(),
        respond_minutes: i32::try_from(row.respond_minutes).unwrap_or(i32::MAX),
        working_time: row.working_time,
    });
    Enrolment {
        name: enrolment.id.name(),
        practice_ods: terms.practice_ods.to_string(),
        practice_name: terms.practice_name.clone(),
        practice_phone: terms.practice_phone.clone(),
        hub_ods: terms.hub_ods.to_string(),
        hub_name: terms.hub_name.clone(),
        needs: terms.needs.iter().map(|each| need(*each).into()).collect(),
        from_date: terms.from_date.to_string(),
        to_date: terms.to_date.map(|date| date.to_string()).unwrap_or_default(),
        promises: promises.collect(),
        duty_contact: terms.duty_contact.clone(),
        if_worse: terms.if_worse.clone(),
        version: enrolment.version,
        etag: enrolment.etag(),
    }
}

fn state(state: codes::State) -> State {
    match state {
        codes::State::Accepted => State::Accepted,
        codes::State::InProgress => State::InProgress,
        codes::State::AwaitingPatient => State::AwaitingPatient,
        codes::State::Closed => State::Closed,
        codes::State::Withdrawn => State::Withdrawn,
    }
}
