//! OperationOutcome: EPS's and PDS's way of saying yes or no.

use std::fmt;

use serde_json::{Value, json};

use crate::error::FhirError;
use crate::json::{coded, list, owned, prune, resource, text};
use crate::systems;

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing wrong.
    Information,
    /// Worth knowing.
    Warning,
    /// The request failed.
    Error,
    /// The request failed and nothing else was looked at.
    Fatal,
}

impl Severity {
    fn code(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// Anything unknown counts as an error.
    fn read(code: Option<&str>) -> Self {
        match code {
            Some("information") => Self::Information,
            Some("warning") => Self::Warning,
            Some("fatal") => Self::Fatal,
            _ => Self::Error,
        }
    }
}

/// One finding.
#[derive(Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// FHIR issue type, for example `business-rule`.
    pub code: String,
    /// The service's own code, for example `DUPLICATE_PRESCRIPTION_ID`.
    pub detail: Option<String>,
    /// Words for that code.
    pub display: Option<String>,
    /// Free text; may quote the request.
    pub diagnostics: Option<String>,
}

impl fmt::Debug for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issue")
            .field("severity", &self.severity)
            .field("code", &self.code)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationOutcome {
    /// Findings.
    pub issues: Vec<Issue>,
}

impl OperationOutcome {
    /// The outcome EPS gives for an accepted message.
    pub fn success() -> Self {
        Self {
            issues: vec![Issue {
                severity: Severity::Information,
                code: "informational".to_owned(),
                detail: None,
                display: None,
                diagnostics: None,
            }],
        }
    }

    /// A refusal with an EPS code.
    pub fn refusal(code: &str, detail: &str, display: &str) -> Self {
        Self {
            issues: vec![Issue {
                severity: Severity::Error,
                code: code.to_owned(),
                detail: Some(detail.to_owned()),
                display: Some(display.to_owned()),
                diagnostics: None,
            }],
        }
    }

    /// Reads an OperationOutcome.
    pub fn parse(bytes: &[u8]) -> Result<Self, FhirError> {
        let value = resource(bytes, "OperationOutcome")?;
        Ok(Self { issues: list(&value, "issue").iter().map(issue).collect() })
    }

    /// Writes it.
    pub fn to_json(&self) -> Value {
        let issues: Vec<Value> = self
            .issues
            .iter()
            .map(|issue| {
                let coding = issue.detail.as_ref().map(|d| coded(systems::EPS_ISSUE, d, issue.display.as_deref()));
                json!({
                    "severity": issue.severity.code(),
                    "code": issue.code,
                    "details": {"coding": [coding]},
                    "diagnostics": issue.diagnostics,
                })
            })
            .collect();
        prune(json!({"resourceType": "OperationOutcome", "issue": issues}))
    }

    /// At least one finding, and none of them an error.
    pub fn is_success(&self) -> bool {
        !self.issues.is_empty() && self.issues.iter().all(|issue| issue.severity < Severity::Error)
    }

    /// Whether a finding carries this code of the service.
    pub fn has(&self, detail: &str) -> bool {
        self.issues.iter().any(|issue| issue.detail.as_deref() == Some(detail))
    }

    /// EPS already has a prescription with this id: after a re-send, proof that the first attempt arrived.
    pub fn is_duplicate_prescription(&self) -> bool {
        self.has("DUPLICATE_PRESCRIPTION_ID")
    }
}

fn issue(value: &Value) -> Issue {
    let details = value.get("details").cloned().unwrap_or_default();
    let coding = list(&details, "coding");
    let chosen = coding.iter().find(|coding| text(coding, "/system") == Some(systems::EPS_ISSUE)).or(coding.first());
    Issue {
        severity: Severity::read(text(value, "/severity")),
        code: owned(value, "/code").unwrap_or_else(|| "processing".to_owned()),
        detail: chosen.and_then(|coding| owned(coding, "/code")),
        display: chosen.and_then(|coding| owned(coding, "/display")).or_else(|| owned(&details, "/text")),
        diagnostics: owned(value, "/diagnostics"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_bytes;

    #[test]
    fn an_outcome_without_findings_is_no_success() {
        let outcome = OperationOutcome::parse(br#"{"resourceType":"OperationOutcome"}"#).unwrap();
        assert!(!outcome.is_success());
    }

    #[test]
    fn an_unknown_severity_is_an_error() {
        let outcome =
            OperationOutcome::parse(br#"{"resourceType":"OperationOutcome","issue":[{"severity":"odd"}]}"#).unwrap();
        assert!(!outcome.is_success());
    }

    #[test]
    fn a_duplicate_is_recognised_and_outcomes_read_back() {
        let refusal =
            OperationOutcome::refusal("duplicate", "DUPLICATE_PRESCRIPTION_ID", "Duplicate prescription ID exists");
        for outcome in [refusal.clone(), OperationOutcome::success()] {
            assert_eq!(OperationOutcome::parse(&to_bytes(&outcome.to_json())).unwrap(), outcome);
        }
        assert!(refusal.is_duplicate_prescription() && !refusal.is_success());
        assert!(OperationOutcome::success().is_success());
    }

    #[test]
    fn debug_shows_no_diagnostics() {
        let mut outcome = OperationOutcome::success();
        outcome.issues[0].diagnostics = Some("9990000018".into());
        assert!(!format!("{outcome:?}").contains("9990000018"));
    }
}
