//! Writing a response.

use super::{Issue, Response};
use crate::envelope::{self, Parts};
use crate::stu3::{build, systems};
use crate::xml::Element;

pub(super) fn response(message: &Response) -> Element {
    let outcome_id = build::resource_id(&message.envelope.bundle_id, "outcome");
    let code = if message.ok { "ok" } else { "fatal-error" };
    let response = Element::new("response")
        .with_optional(message.request_id.as_ref().map(|id| Element::primitive("identifier", id)))
        .with(Element::primitive("code", code))
        .with(build::reference("details", &outcome_id));
    let outcome = build::resource("OperationOutcome", &outcome_id, systems::RESPONSE_OUTCOME)
        .with_all(message.issues.iter().map(issue));
    envelope::message(
        &message.envelope,
        Parts {
            event_display: "ITK Response",
            response: Some(response),
            focus: &[],
            entries: vec![build::entry(&outcome_id, outcome)],
        },
    )
}

/// Every negative is fatal: nothing follows it (ITK3).
fn issue(issue: &Issue) -> Element {
    let severity = if issue.code.positive { "information" } else { "fatal" };
    let code = issue.code.code.to_string();
    let details = build::concept("details", systems::RESPONSE_CODE, &code, Some(issue.code.meaning));
    Element::new("issue")
        .with(Element::primitive("severity", severity))
        .with(Element::primitive("code", issue.code.issue_type()))
        .with(details)
        .with_optional(issue.diagnostics.as_ref().map(|text| Element::primitive("diagnostics", text)))
}
