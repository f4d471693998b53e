//! Pages, and the lists that are little more.

use std::sync::Arc;

use ehub_calls::Call;
use ehub_faults::{Fault, Fields};
use ehub_postgres::PageTokens;
use ehub_proto::intake::v1::{ListEnrolmentsRequest, ListQuarantinedRequest};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    operations::{list_enrolments::ListEnrolments, list_quarantined::ListQuarantined},
    storage::quarantine::Listed,
};

/// A time out of a page token.
pub(super) fn at(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()
}

pub(in crate::rpc) fn list_enrolments(
    call: &Call,
    request: &ListEnrolmentsRequest,
    tokens: &Arc<PageTokens>,
) -> Result<ListEnrolments, Fault> {
    let mut fields = Fields::new();
    let page_size = usize::from(fields.page_size(request.page_size));
    let arguments = format!("{}|{}|{}", call.method, call.caller.client, call.caller.subject);
    let after = fields.page_token(tokens.open(&arguments, &request.page_token));
    let after: Option<Uuid> = fields.into_result(after)?;
    Ok(ListEnrolments { ods: own_organisation(call)?, after, page_size, tokens: Arc::clone(tokens), arguments })
}

pub(in crate::rpc) fn list_quarantined(
    call: &Call,
    request: &ListQuarantinedRequest,
    tokens: &Arc<PageTokens>,
) -> Result<ListQuarantined, Fault> {
    let mut fields = Fields::new();
    let page_size = usize::from(fields.page_size(request.page_size));
    let arguments =
        format!("{}|{}|{}|{}", call.method, call.caller.client, call.caller.subject, request.include_settled);
    let after = fields.page_token(tokens.open(&arguments, &request.page_token));
    let after: Option<(i64, Uuid)> = fields.into_result(after)?;
    Ok(ListQuarantined {
        owner_ods: own_organisation(call)?,
        listed: if request.include_settled { Listed::SettledToo } else { Listed::Waiting },
        after: after.and_then(|(micros, id)| Some((at(micros)?, id))),
        page_size,
        tokens: Arc::clone(tokens),
        arguments,
    })
}

pub(super) fn own_organisation(call: &Call) -> Result<String, Fault> {
    let organisation = call.caller.organisation.as_ref().map(ToString::to_string);
    organisation.ok_or_else(|| {
        Fault::permission_denied("ORGANISATION_UNKNOWN", "the caller's organisation is not in the register")
    })
}
