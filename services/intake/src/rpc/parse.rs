//! Requests as parsed operations, or every wrong field at once.

mod draft;
mod enrolment;
mod paging;

use std::sync::Arc;

use ehub_auth::Kind;
use ehub_calls::Call;
use ehub_faults::{Fault, FieldPath, Fields};
use ehub_identifiers::{ConsultationId, OdsCode, QuarantineId, Reference, RequestId};
use ehub_postgres::PageTokens;
use ehub_proto::intake::v1::{
    Channel as ProtoChannel, ConvertQuarantinedRequest, GetConsultationRequest, GetConsultationStatusRequest,
    GetQuarantinedContentRequest, ListConsultationsRequest, State as ProtoState, SubmitConsultationRequest,
    WithdrawConsultationRequest,
};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    domain::{
        codes::{Channel, State, WithdrawReason},
        consultation::Consultation,
        validate,
        wrong::{Wrong, Wrongs},
    },
    operations::{
        accept::Acceptor, convert::Convert, get::GetConsultation, get_quarantined_content::GetQuarantinedContent,
        list::ListConsultations, status::JudgeAttempt, submit::Submit, withdraw::WithdrawConsultation,
    },
    storage::summary::Filter,
};

pub(super) use enrolment::put_enrolment;
pub(super) use paging::{list_enrolments, list_quarantined};

/// How long ago first contact may be.
const OLDEST_CONTACT: Duration = Duration::days(30);
/// How far a caller's clock may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::seconds(5);

pub(super) fn submit(
    call: &Call,
    request: SubmitConsultationRequest,
    acceptor: &Arc<Acceptor>,
    now: OffsetDateTime,
) -> Result<(Uuid, Submit), Fault> {
    let mut fields = Fields::new();
    let request_id = fields.check("request_id", RequestId::parse(&request.request_id));
    let practice_ods = fields.check("practice_ods", OdsCode::parse(&request.practice_ods));
    let supplier_reference = fields.optional_text("supplier_reference", &request.supplier_reference, 64);
    let channel = match request.channel() {
        ProtoChannel::Online => Some(Channel::Online),
        ProtoChannel::Phone => Some(Channel::Phone),
        ProtoChannel::Desk => Some(Channel::Desk),
        ProtoChannel::Unspecified | ProtoChannel::Mesh => {
            fields.wrong("channel", "must be ONLINE, PHONE or DESK");
            None
        }
    };
    let first_contact_time = first_contact(&mut fields, request.first_contact_time.as_ref(), now);
    let given = draft::consultation(request.patient, request.submitter, request.content);
    let consultation = take(&mut fields, validate::consultation(given, ehub_calendar::local_date(now)));
    let (Some(request_id), Some(practice_ods), Some(channel), Some(consultation)) =
        (request_id, practice_ods, channel, consultation)
    else {
        return fields.into_result(None);
    };
    fields.finish()?;
    admit(call, &practice_ods)?;
    let operation = Submit {
        acceptor: Arc::clone(acceptor),
        caller: Arc::clone(&call.caller),
        practice_ods,
        supplier_reference: supplier_reference.filter(|reference| !reference.is_empty()),
        first_contact_time,
        channel,
        consultation,
    };
    Ok((request_id.uuid(), operation))
}

/// The token's own limit: a client must name its practices, a person may.
fn admit(call: &Call, practice: &OdsCode) -> Result<(), Fault> {
    let named = call.caller.kind != Kind::Client || call.caller.practices.is_some();
    if named && call.caller.token_admits_practice(practice) {
        return Ok(());
    }
    Err(Fault::permission_denied("PRACTICE_NOT_ALLOWED", "the caller may not act for this practice")
        .with("practice", practice.as_str()))
}

fn first_contact(
    fields: &mut Fields,
    given: Option<&prost_types::Timestamp>,
    now: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let given = given?;
    let Some(at) = ehub_proto::instant(given) else {
        fields.wrong("first_contact_time", "must be a time");
        return None;
    };
    if at > now + CLOCK_SKEW {
        fields.wrong("first_contact_time", "must not be in the future");
    } else if at < now - OLDEST_CONTACT {
        fields.wrong("first_contact_time", "must not be more than 30 days ago");
    }
    Some(at.min(now))
}

/// Moves what the domain found wrong among the fields of the request.
fn take(fields: &mut Fields, checked: Result<Consultation, Vec<Wrong>>) -> Option<Consultation> {
    match checked {
        Ok(consultation) => Some(consultation),
        Err(wrongs) => {
            note(fields, wrongs);
            None
        }
    }
}

fn note(fields: &mut Fields, wrongs: Vec<Wrong>) {
    for wrong in wrongs {
        fields.wrong(FieldPath::from(wrong.path.as_str()), wrong.problem);
    }
}

pub(super) fn get(call: &Call, request: &GetConsultationRequest) -> Result<GetConsultation, Fault> {
    let mut fields = Fields::new();
    let id = fields.check("name", ConsultationId::parse_name(&request.name));
    let id = fields.into_result(id)?;
    Ok(GetConsultation { id, caller: Arc::clone(&call.caller), grant: call.grant.clone() })
}

pub(super) fn withdraw(
    call: &Call,
    request: &WithdrawConsultationRequest,
) -> Result<(Uuid, WithdrawConsultation), Fault> {
    let mut fields = Fields::new();
    let request_id = fields.check("request_id", RequestId::parse(&request.request_id));
    let id = fields.check("name", ConsultationId::parse_name(&request.name));
    let reason = WithdrawReason::from_code(&request.reason);
    if reason.is_none() {
        fields.wrong("reason", "must be BETTER, SEEN_ELSEWHERE, BY_MISTAKE or OTHER");
    }
    let ((request_id, id), reason) = fields.into_result(request_id.zip(id).zip(reason))?;
    Ok((request_id.uuid(), WithdrawConsultation { id, caller: Arc::clone(&call.caller), reason }))
}

pub(super) fn list(
    call: &Call,
    request: &ListConsultationsRequest,
    tokens: &Arc<PageTokens>,
) -> Result<ListConsultations, Fault> {
    let mut fields = Fields::new();
    let limit = fields.page_size(request.page_size);
    let practice = Some(&request.practice_ods).filter(|code| !code.is_empty());
    let practice_ods = practice.and_then(|code| fields.check("practice_ods", OdsCode::parse(code)));
    let supplier_reference = fields.optional_text("supplier_reference", &request.supplier_reference, 64);
    let state = match ProtoState::try_from(request.state) {
        Ok(ProtoState::Unspecified) => None,
        Ok(ProtoState::Accepted) => Some(State::Accepted),
        Ok(ProtoState::InProgress) => Some(State::InProgress),
        Ok(ProtoState::AwaitingPatient) => Some(State::AwaitingPatient),
        Ok(ProtoState::Closed) => Some(State::Closed),
        Ok(ProtoState::Withdrawn) => Some(State::Withdrawn),
        Err(_) => {
            fields.wrong("state", "must be one of the states");
            None
        }
    };
    let supplier_reference = supplier_reference.filter(|reference| !reference.is_empty());
    let arguments = format!(
        "{}|{}|{}|{}|{}|{}",
        call.method,
        call.caller.client,
        call.caller.subject,
        request.practice_ods,
        request.state,
        request.supplier_reference
    );
    let after = fields.page_token(tokens.open(&arguments, &request.page_token));
    let after: Option<(i64, Uuid)> = fields.into_result(after)?;
    let listed = call.caller.practices.as_ref();
    let filter = Filter {
        practice_ods: practice_ods.map(|code| code.to_string()),
        token_practices: listed.map(|codes| codes.iter().map(ToString::to_string).collect()),
        state,
        supplier_reference: supplier_reference.map(|reference| (call.caller.client.clone(), reference)),
        after: after.and_then(|(micros, id)| Some((paging::at(micros)?, id))),
        limit: i64::from(limit),
    };
    Ok(ListConsultations { caller: Arc::clone(&call.caller), filter, tokens: Arc::clone(tokens), arguments })
}

pub(super) fn status(call: &Call, request: &GetConsultationStatusRequest, today: Date) -> Result<JudgeAttempt, Fault> {
    let mut fields = Fields::new();
    let reference = fields.check("reference", Reference::parse(&request.reference));
    let mut wrongs = Wrongs::default();
    let birth_date = validate::birth_date(&mut wrongs, &request.birth_date, today);
    for wrong in wrongs.0 {
        fields.wrong("birth_date", wrong.problem);
    }
    let (reference, birth_date) = fields.into_result(reference.zip(birth_date))?;
    Ok(JudgeAttempt { client: call.caller.client.clone(), reference, birth_date })
}

pub(super) fn quarantined_content(
    call: &Call,
    request: &GetQuarantinedContentRequest,
) -> Result<GetQuarantinedContent, Fault> {
    let mut fields = Fields::new();
    let id = fields.check("name", QuarantineId::parse_name(&request.name));
    let id = fields.into_result(id)?;
    Ok(GetQuarantinedContent { id, owner_ods: paging::own_organisation(call)?, pdf: request.pdf })
}

pub(super) fn convert(
    call: &Call,
    request: ConvertQuarantinedRequest,
    acceptor: &Arc<Acceptor>,
    today: Date,
) -> Result<(Uuid, Convert), Fault> {
    let mut fields = Fields::new();
    let request_id = fields.check("request_id", RequestId::parse(&request.request_id));
    let id = fields.check("name", QuarantineId::parse_name(&request.name));
    let practice_ods = fields.check("practice_ods", OdsCode::parse(&request.practice_ods));
    let given = draft::consultation(request.patient, request.submitter, request.content);
    let consultation = take(&mut fields, validate::consultation(given, today));
    let (Some(request_id), Some(id), Some(practice_ods), Some(consultation)) =
        (request_id, id, practice_ods, consultation)
    else {
        return fields.into_result(None);
    };
    fields.finish()?;
    admit(call, &practice_ods)?;
    Ok((request_id.uuid(), Convert { acceptor: Arc::clone(acceptor), id, practice_ods, consultation }))
}
