//! Why a command failed, with everything a service said about it.

use std::fmt::Write;

use console::style;
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::exit;

/// Metadata that lets its holder act; never printed.
const SECRET: &str = "grant";

/// A failure, ready to be told.
pub struct Told {
    exit_code: u8,
    message: String,
    status: Option<Refused>,
}

struct Refused {
    code: String,
    details: ErrorDetails,
    advice: String,
}

impl Told {
    /// Reads an error's whole chain.
    pub fn of(error: &anyhow::Error) -> Self {
        let exit_code = exit::code_of(error);
        let Some(status) = error.chain().find_map(|cause| cause.downcast_ref::<Status>()) else {
            return Self { exit_code, message: format!("{error:#}"), status: None };
        };
        let details = status.get_error_details();
        let advice = advice(status, &details);
        let refused = Refused { code: code_name(status.code()), details, advice };
        let before: Vec<String> =
            error.chain().take_while(|cause| !cause.is::<Status>()).map(ToString::to_string).collect();
        let message = before.into_iter().chain([status.message().to_owned()]).collect::<Vec<_>>().join(": ");
        Self { exit_code, message, status: Some(refused) }
    }

    /// For programs, of the shape `{"error": {…}}`.
    pub fn json(&self) -> Value {
        let mut error = json!({ "exit_code": self.exit_code, "message": self.message });
        if let Some(refused) = &self.status {
            let info = refused.details.error_info();
            let fields: Vec<Value> =
                refused.fields().map(|(field, said)| json!({ "field": field, "description": said })).collect();
            let open: Vec<Value> = refused
                .open()
                .map(|(kind, subject, said)| json!({ "kind": kind, "subject": subject, "description": said }))
                .collect();
            error["code"] = json!(refused.code);
            error["reason"] = json!(info.map(|info| &info.reason));
            error["domain"] = json!(info.map(|info| &info.domain));
            error["fields"] = json!(fields);
            error["preconditions"] = json!(open);
            error["metadata"] = refused.metadata().into_iter().map(|(key, value)| (key, json!(value))).collect();
            error["retry_after_seconds"] = json!(refused.retry_seconds());
            error["advice"] = json!(refused.advice);
        }
        json!({ "error": error })
    }

    /// For people.
    pub fn text(&self) -> String {
        let Some(refused) = &self.status else {
            return format!("{} {}", style("error:").for_stderr().red().bold(), self.message);
        };
        let info = refused.details.error_info();
        let mut text = style(format!("{}:", verb(self.exit_code))).for_stderr().red().bold().to_string();
        let reason = info.map_or_else(String::new, |info| format!(" · {} ({})", info.reason, info.domain));
        // Writing to a String cannot fail.
        let _ = write!(text, " {}{reason}\n  {}", refused.code, self.message);
        for (field, said) in refused.fields() {
            let _ = write!(text, "\n  {} {said}", style(format!("{field}:")).for_stderr().bold());
        }
        for (kind, subject, said) in refused.open() {
            let _ = write!(text, "\n  {} {subject} {said}", style(kind).for_stderr().bold());
        }
        for (key, value) in refused.metadata() {
            let _ = write!(text, "\n  {key} = {value}");
        }
        let _ = write!(text, "\n{} {}", style("what to do:").for_stderr().cyan(), refused.advice);
        text
    }
}

impl Refused {
    fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let violations = self.details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
        violations.iter().map(|violation| (violation.field.as_str(), violation.description.as_str()))
    }

    fn open(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let violations =
            self.details.precondition_failure().map(|failure| failure.violations.as_slice()).unwrap_or_default();
        violations.iter().map(|open| (open.r#type.as_str(), open.subject.as_str(), open.description.as_str()))
    }

    /// Metadata in the order of keys, without what must stay secret.
    fn metadata(&self) -> Vec<(String, String)> {
        let Some(info) = self.details.error_info() else { return Vec::new() };
        let mut pairs: Vec<_> = info.metadata.clone().into_iter().filter(|(key, _)| key != SECRET).collect();
        pairs.sort();
        pairs
    }

    fn retry_seconds(&self) -> Option<f64> {
        self.details.retry_info()?.retry_delay.map(|delay| delay.as_secs_f64())
    }
}

fn verb(exit_code: u8) -> &'static str {
    match exit_code {
        exit::LATE => "not in time",
        exit::UNREACHABLE => "unreachable",
        exit::BUG => "failed",
        _ => "refused",
    }
}

/// What to do about a refusal, in one sentence.
fn advice(status: &Status, details: &ErrorDetails) -> String {
    if let Some(delay) = details.retry_info().and_then(|retry| retry.retry_delay) {
        return format!("try again in {:.1} s; the same request id is safe", delay.as_secs_f64());
    }
    let reason = details.error_info().map(|info| info.reason.as_str()).unwrap_or_default();
    let known = match reason {
        "CLAIM_EXPIRED" | "CLAIM_SUPERSEDED" | "GRANT_INVALID" | "GRANT_REQUIRED" => {
            "claim the consultation: ehub claim <reference>"
        }
        "OPEN_ACTIONS" => "settle what is listed (ehub file, ehub sign), then ehub complete again",
        "EMERGENCY_NOT_SETTLED" => "say how it was made safe: --safe spoke-to-patient (ehub complete, ehub pass-back)",
        "RECENTLY_ISSUED" => {
            "look at the earlier one, then add --again-because REASON (to ehub prescribe, or to ehub sign when signed)"
        }
        "PRACTICE_NOT_ENROLLED" => "check the practice's code, or ask the hub to enrol it",
        "SCOPE_MISSING" | "CALLER_KIND_NOT_ALLOWED" | "PRACTICE_NOT_ALLOWED" => {
            "call as somebody who may: --as, see ehub token"
        }
        "NO_CHECKPOINT" | "LEAF_NOT_FOUND" => "try again in a second: audit follows a moment later",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    match status.code() {
        Code::Unavailable => "is the suite up (make run)? `ehub doctor` looks; trying again is safe",
        Code::DeadlineExceeded | Code::Cancelled => "try again with the same request id, or look what became of it",
        Code::Aborted => "read it again, then act on what it says now",
        Code::ResourceExhausted => "try again later",
        Code::Unauthenticated => "get a new token",
        Code::InvalidArgument => "put right what is listed",
        Code::Internal | Code::Unknown | Code::DataLoss => "look into the service's log, in .local/run",
        _ => "do not try the same again",
    }
    .to_owned()
}

/// `FAILED_PRECONDITION`, as the contract writes it.
fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "statuses as a service would send them")]
mod tests;
