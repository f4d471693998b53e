//! Requests into operations; every wrong field at once.

mod cost_centres;
mod items;

use std::{sync::Arc, time::Duration};

use ehub_calls::Call;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::{ConsultationId, OdsCode, PrescriptionId, RequestId};
use ehub_postgres::PageTokens;
use ehub_proto::prescribing::v1::{
    GetPrescriptionRequest, IssuePrescriptionRequest, ListPrescriptionsRequest, PreparePrescriptionRequest,
    RaisePrescriptionRequest, SignPrescriptionRequest, VoidPrescriptionRequest,
};
use prost_types::Timestamp;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::{RecordSeen, RecordSource},
    operations::{
        get_prescription::Get,
        issue_prescription::Issue,
        list_prescriptions::List,
        prepare_prescription::Prepare,
        raise_prescription::Raise,
        sign_prescription::{Sign, SigningRules},
        void_prescription::Void,
    },
};

pub use cost_centres::{list_cost_centres, put_cost_centre, put_membership};

/// A parsed mutation with its request id.
type Parsed<T> = Result<(Uuid, T), Fault>;

/// How far a caller's clock may be ahead of ours.
const SKEW: Duration = Duration::from_secs(60);
/// The longest words of a person's reason, in characters.
const REASON: usize = 500;
/// The longest signature, in characters of base64.
const SIGNATURE: usize = 64 * 1024;

pub fn raise(call: &Call, request: &RaisePrescriptionRequest, sign_within: Duration) -> Parsed<Raise> {
    let mut fields = Fields::new();
    let request_id = request_id(&mut fields, &request.request_id);
    let prescription = fields.check("name", PrescriptionId::parse_name(&request.name));
    let consultation = fields.check("consultation", ConsultationId::parse_name(&request.consultation));
    let cost_centre = cost_centres::code(&mut fields, "cost_centre_ods", &request.cost_centre_ods);
    let items = items::items(&mut fields, &request.items);
    let pharmacy = optional(&mut fields, "pharmacy_ods", &request.pharmacy_ods);
    let reason = fields.optional_text("override_recent_issue", &request.override_recent_issue, REASON);
    let raise = (|| {
        Some((
            request_id?,
            Raise {
                caller: Arc::clone(&call.caller),
                grant: call.grant.clone(),
                prescription: prescription?,
                consultation: consultation?,
                cost_centre: cost_centre?,
                items: items?,
                pharmacy: pharmacy?,
                override_recent_issue: reason.filter(|text| !text.trim().is_empty()),
                sign_within,
            },
        ))
    })();
    fields.into_result(raise)
}

pub fn prepare(call: &Call, request: PreparePrescriptionRequest) -> Parsed<Prepare> {
    let mut fields = Fields::new();
    let acted = act(&mut fields, &request.request_id, &request.name, &request.etag);
    let prepare = acted.map(|(request_id, prescription)| {
        let (caller, grant) = (Arc::clone(&call.caller), call.grant.clone());
        (request_id, Prepare { caller, grant, prescription, etag: request.etag })
    });
    fields.into_result(prepare)
}

pub fn sign(call: &Call, request: SignPrescriptionRequest, rules: SigningRules, now: OffsetDateTime) -> Parsed<Sign> {
    let mut fields = Fields::new();
    let acted = act(&mut fields, &request.request_id, &request.name, &request.etag);
    let signature = fields.text("signature", &request.signature, SIGNATURE);
    let seen = seen(&mut fields, &request.record_seen_source, request.record_seen_time.as_ref(), now);
    let sign = (|| {
        let (request_id, prescription) = acted?;
        let caller = Arc::clone(&call.caller);
        let etag = request.etag;
        Some((request_id, Sign { caller, prescription, etag, signature: signature?, seen: seen?, rules }))
    })();
    fields.into_result(sign)
}

pub fn issue(call: &Call, request: IssuePrescriptionRequest, first_send: Duration) -> Parsed<Issue> {
    let mut fields = Fields::new();
    let acted = act(&mut fields, &request.request_id, &request.name, &request.etag);
    let again = fields.optional_text("override_recent_issue", &request.override_recent_issue, REASON);
    let issue = acted.zip(again).map(|((request_id, prescription), again)| {
        let override_recent_issue = Some(again).filter(|text| !text.trim().is_empty());
        let (caller, etag) = (Arc::clone(&call.caller), request.etag);
        (request_id, Issue { caller, prescription, etag, override_recent_issue, first_send })
    });
    fields.into_result(issue)
}

pub fn void(call: &Call, request: VoidPrescriptionRequest) -> Parsed<Void> {
    let mut fields = Fields::new();
    let acted = act(&mut fields, &request.request_id, &request.name, &request.etag);
    let reason = fields.text("reason", &request.reason, REASON);
    let void = acted.zip(reason).map(|((request_id, prescription), reason)| {
        (request_id, Void { caller: Arc::clone(&call.caller), prescription, etag: request.etag, reason })
    });
    fields.into_result(void)
}

pub fn get(call: &Call, request: &GetPrescriptionRequest) -> Result<Get, Fault> {
    let mut fields = Fields::new();
    let name = fields.check("name", PrescriptionId::parse_name(&request.name));
    let get =
        name.map(|prescription| Get { caller: Arc::clone(&call.caller), grant: call.grant.clone(), prescription });
    fields.into_result(get)
}

pub fn list(call: &Call, request: &ListPrescriptionsRequest, pages: &Arc<PageTokens>) -> Result<List, Fault> {
    let mut fields = Fields::new();
    let size = fields.page_size(request.page_size);
    let consultation = if request.consultation.is_empty() {
        Some(None)
    } else {
        fields.check("consultation", ConsultationId::parse_name(&request.consultation)).map(Some)
    };
    let arguments = format!("{}|{}|{}", call.method, call.caller.subject, request.consultation);
    let after = fields.page_token(pages.open(&arguments, &request.page_token));
    let list = (|| {
        Some(List {
            caller: Arc::clone(&call.caller),
            consultation: consultation?,
            after: after?,
            size,
            pages: Arc::clone(pages),
            arguments,
        })
    })();
    fields.into_result(list)
}

/// What every act on one prescription takes.
fn act(fields: &mut Fields, request: &str, name: &str, etag: &str) -> Option<(Uuid, PrescriptionId)> {
    let request_id = request_id(fields, request);
    let prescription = fields.check("name", PrescriptionId::parse_name(name));
    let etag = fields.text("etag", etag, 64);
    etag.and(request_id.zip(prescription))
}

fn request_id(fields: &mut Fields, text: &str) -> Option<Uuid> {
    fields.check("request_id", RequestId::parse(text)).map(|id| id.uuid())
}

/// An ODS code that may be empty.
fn optional(fields: &mut Fields, path: &str, text: &str) -> Option<Option<OdsCode>> {
    if text.is_empty() { Some(None) } else { fields.check(path, OdsCode::parse(text)).map(Some) }
}

/// The record seen: source and time together, or neither.
fn seen(fields: &mut Fields, source: &str, at: Option<&Timestamp>, now: OffsetDateTime) -> Option<Option<RecordSeen>> {
    match (source, at) {
        ("", None) => Some(None),
        ("", Some(_)) => {
            fields.wrong("record_seen_source", "is required with record_seen_time");
            None
        }
        (_, None) => {
            fields.wrong("record_seen_time", "is required with record_seen_source");
            None
        }
        (source, Some(at)) => {
            let source = RecordSource::parse(source).ok_or("must be `GP_CONNECT`, `SCR` or `PRACTICE_RECORD`");
            let source = fields.check("record_seen_source", source);
            let at = ehub_proto::instant(at)
                .filter(|at| *at <= now + SKEW)
                .ok_or("must be a time that is not in the future");
            let at = fields.check("record_seen_time", at);
            source.zip(at).map(|(source, at)| Some(RecordSeen { source, at }))
        }
    }
}
