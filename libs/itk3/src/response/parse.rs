//! Reading a response.

use super::{Issue, Response, ResponseCode};
use crate::envelope::{self, EVENT_RESPONSE, plain};
use crate::error::MessageError;
use crate::stu3::index::Index;
use crate::stu3::systems;
use crate::xml::Element;

pub(super) fn response(root: &Element) -> Result<Response, MessageError> {
    let envelope = envelope::read(root, &mut Vec::new())?;
    if envelope.event != EVENT_RESPONSE {
        return Err(MessageError::WrongEvent { expected: EVENT_RESPONSE });
    }
    let index = Index::of(root);
    let response = index
        .first("MessageHeader")
        .and_then(|header| header.child("response"))
        .ok_or(MessageError::Missing { what: "MessageHeader.response" })?;
    let ok = response.value(&["code"]) == Some("ok");
    let outcome = index.follow(response, &["details"], "OperationOutcome").or_else(|| index.first("OperationOutcome"));
    let issues = outcome.into_iter().flat_map(|outcome| outcome.all("issue")).filter_map(|found| issue(found, ok));
    Ok(Response { request_id: response.value(&["identifier"]).map(plain), ok, issues: issues.collect(), envelope })
}

/// The coding of the national system, else the first whose code is a number.
fn issue(issue: &Element, ok: bool) -> Option<Issue> {
    let details = issue.child("details")?;
    let number = |coding: &Element| coding.value(&["code"])?.parse::<u32>().ok();
    let national = details
        .all("coding")
        .filter(|coding| coding.value(&["system"]) == Some(systems::RESPONSE_CODE))
        .find_map(number);
    let code = national.or_else(|| details.all("coding").find_map(number))?;
    let positive = ok && issue.value(&["severity"]) == Some("information");
    Some(Issue {
        code: ResponseCode::read(code, positive),
        diagnostics: issue.value(&["diagnostics"]).map(str::to_owned),
    })
}
