//! Requests about agreements.

use std::sync::Arc;

use ehub_calls::Call;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::{AgreementId, MailboxId, OdsCode, RequestId};
use ehub_postgres::PageTokens;
use ehub_proto::writeback::v1::{Agreement, ListAgreementsRequest, PutAgreementRequest};
use time::Date;
use uuid::Uuid;

use super::version;
use crate::{
    domain::AgreementTerms,
    operations::{list_agreements::ListAgreements, put_agreement::PutAgreement},
    rpc::times,
};

pub(in crate::rpc) fn put_agreement(call: &Call, request: &PutAgreementRequest) -> Result<(Uuid, PutAgreement), Fault> {
    let mut fields = Fields::new();
    let request_id = fields.check("request_id", RequestId::parse(&request.request_id));
    let given = fields.require("agreement", request.agreement.as_ref());
    let terms = given.and_then(|given| terms(&mut fields, given));
    let replaces = given.and_then(|given| replaced(&mut fields, given));
    let own = call.caller.organisation.clone();
    let parsed =
        request_id.zip(terms).map(|(request_id, terms)| (request_id.uuid(), PutAgreement { replaces, terms, own }));
    fields.into_result(parsed)
}

fn terms(fields: &mut Fields, given: &Agreement) -> Option<AgreementTerms> {
    let from = fields.check("agreement.from_ods", OdsCode::parse(&given.from_ods));
    let to = fields.check("agreement.to_ods", OdsCode::parse(&given.to_ods));
    let mesh_mailbox = fields.check("agreement.mesh_mailbox", MailboxId::parse(&given.mesh_mailbox));
    let from_date = fields.check("agreement.from_date", times::day(&given.from_date));
    let to_date = match given.to_date.as_str() {
        "" => None,
        text => fields.check("agreement.to_date", times::day(text)),
    };
    if let (Some(from), Some(to)) = (from_date, to_date) {
        ordered(fields, from, to);
    }
    Some(AgreementTerms {
        from: from?,
        to: to?,
        mesh_mailbox: mesh_mailbox?.into(),
        third_party_entries: given.third_party_entries,
        from_date: from_date?,
        to_date,
    })
}

fn ordered(fields: &mut Fields, from: Date, to: Date) {
    if to <= from {
        fields.wrong("agreement.to_date", "must be after from_date, or empty");
    }
}

fn replaced(fields: &mut Fields, given: &Agreement) -> Option<(AgreementId, i64)> {
    let etag = version(fields, "agreement.etag", &given.etag);
    match (given.name.as_str(), given.etag.as_str()) {
        ("", "") => None,
        ("", _) => {
            fields.wrong("agreement.name", "is required with an etag");
            None
        }
        (name, etag_text) => {
            if etag_text.is_empty() {
                fields.wrong("agreement.etag", "is required to replace an agreement");
            }
            fields.check("agreement.name", AgreementId::parse_name(name)).zip(etag)
        }
    }
}

pub(in crate::rpc) fn list_agreements(
    call: &Call,
    request: &ListAgreementsRequest,
    page_tokens: &Arc<PageTokens>,
) -> Result<ListAgreements, Fault> {
    let mut fields = Fields::new();
    let page_size = fields.page_size(request.page_size);
    let arguments = format!("{}|{}", call.method, call.caller.subject);
    let after = fields.page_token(page_tokens.open(&arguments, &request.page_token));
    let after: Option<Uuid> = fields.into_result(after)?;
    Ok(ListAgreements { after, page_size, arguments, page_tokens: Arc::clone(page_tokens) })
}
