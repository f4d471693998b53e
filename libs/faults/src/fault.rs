//! What was refused, why, and what to do about it.

use std::{borrow::Cow, collections::HashMap, error::Error, fmt, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::Violation;

/// The type of a `PreconditionFailure` violation that names a state of ours.
pub const PRECONDITION_DOMAIN: &str = "STATE";

/// A refusal on its way to the wire.
#[derive(Debug, Clone)]
pub struct Fault {
    code: Code,
    domain: &'static str,
    reason: &'static str,
    message: &'static str,
    metadata: HashMap<String, String>,
    violations: Vec<Violation>,
    preconditions: Vec<(String, String)>,
    retry_after: Option<Duration>,
}

impl Fault {
    /// A fault with a reason of the given domain; `message` is for people and never changes.
    pub fn new(code: Code, domain: &'static str, reason: &'static str, message: &'static str) -> Self {
        Self {
            code,
            domain,
            reason,
            message,
            metadata: HashMap::new(),
            violations: Vec::new(),
            preconditions: Vec::new(),
            retry_after: None,
        }
    }

    /// No token, or one that proves nothing.
    pub fn unauthenticated(reason: &'static str, message: &'static str) -> Self {
        Self::new(Code::Unauthenticated, "auth.ehub", reason, message)
    }

    /// A known caller without the right.
    pub fn permission_denied(reason: &'static str, message: &'static str) -> Self {
        Self::new(Code::PermissionDenied, "auth.ehub", reason, message)
    }

    /// Something we need is away; the same call may work later.
    pub fn unavailable(reason: &'static str, message: &'static str) -> Self {
        Self::new(Code::Unavailable, "server.ehub", reason, message).retry_after(Duration::from_secs(1))
    }

    /// A bug of ours: logged in full where it is made, bare on the wire but for the trace to quote.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = %Chain(error), "unexpected failure");
        Self::broken()
    }

    /// The same where nothing may be said of the error, for it might quote what a handler held.
    pub fn broken() -> Self {
        let fault = Self::new(Code::Internal, "server.ehub", "INTERNAL", "internal error");
        match ehub_telemetry::current_trace_id() {
            Some(id) => fault.with("trace_id", id),
            None => fault,
        }
    }

    /// Every field that was wrong.
    pub fn bad_request(violations: Vec<Violation>) -> Self {
        let mut fault = Self::new(
            Code::InvalidArgument,
            "server.ehub",
            "INVALID_FIELDS",
            "one or more fields are wrong; each is named in the details",
        );
        fault.violations = violations;
        fault
    }

    /// A page token that is not one of ours, has expired, or belongs to other arguments, and nothing else wrong.
    pub(crate) fn bad_page_token(violations: Vec<Violation>) -> Self {
        let mut fault = Self::new(
            Code::InvalidArgument,
            "server.ehub",
            "PAGE_TOKEN_INVALID",
            "the page token is not one of ours, has expired, or belongs to other arguments",
        );
        fault.violations = violations;
        fault
    }

    /// Adds one entry of metadata; every changing part of a refusal goes here.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Adds one wrong field.
    #[must_use]
    pub fn violation(mut self, field: impl Into<String>, description: impl Into<Cow<'static, str>>) -> Self {
        self.violations.push(Violation { field: field.into(), description: description.into() });
        self
    }

    /// Adds one state that must change first: what it is about, and what would be right.
    #[must_use]
    pub fn precondition(mut self, subject: impl Into<String>, description: impl Into<String>) -> Self {
        self.preconditions.push((subject.into(), description.into()));
        self
    }

    /// Says after how long the same call is worth repeating.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The reason, as counted in metrics and written into audit events.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The canonical code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The status with its `google.rpc` details.
    pub fn into_status(self) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(self.reason, self.domain, self.metadata);
        for violation in &self.violations {
            details.add_bad_request_violation(violation.field.clone(), violation.description.clone());
        }
        for (subject, description) in self.preconditions {
            details.add_precondition_failure_violation(PRECONDITION_DOMAIN, subject, description);
        }
        if let Some(delay) = self.retry_after {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(self.code, self.message, details)
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        fault.into_status()
    }
}

/// An error with all its causes on one line.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_survive_the_wire() {
        let status = Fault::new(Code::FailedPrecondition, "allocation.ehub", "CLAIM_SUPERSEDED", "the claim is over")
            .with("consultation", "consultations/1")
            .precondition("consultations/1", "claim it again")
            .violation("a.b", "must be there")
            .retry_after(Duration::from_secs(2))
            .into_status();
        let details = status.get_error_details();
        assert_eq!(status.code(), Code::FailedPrecondition);
        let info = details.error_info().expect("error info");
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("CLAIM_SUPERSEDED", "allocation.ehub"));
        assert_eq!(info.metadata["consultation"], "consultations/1");
        assert_eq!(details.bad_request().expect("fields").field_violations[0].field, "a.b");
        assert_eq!(details.precondition_failure().expect("state").violations.len(), 1);
        assert_eq!(details.retry_info().expect("retry").retry_delay, Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_bug_is_bare_on_the_wire() {
        let status = Fault::internal(&std::io::Error::other("secret")).into_status();
        assert_eq!(status.message(), "internal error");
        assert!(!String::from_utf8_lossy(status.details()).contains("secret"));
    }
}
