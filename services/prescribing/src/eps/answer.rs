//! What EPS's answers mean.

use ehub_fhir::{OperationOutcome, PrepareResponse, Severity};
use reqwest::StatusCode;

/// Why `$prepare` gave no digest.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// EPS will not take this prescription; the code is EPS's.
    #[error("EPS refuses the prescription")]
    Refused {
        /// The issue code.
        code: String,
    },
    /// EPS did not answer, or not as EPS.
    #[error("EPS cannot be reached")]
    Unreachable,
}

/// What became of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// EPS has the prescription.
    Accepted,
    /// EPS says that it holds a prescription with this id already: after an earlier send, that one.
    Duplicate,
    /// EPS will not take it; the code is EPS's.
    Refused {
        /// The issue code.
        code: String,
    },
    /// Nobody knows: EPS may have it. Why, as a word.
    Unknown(&'static str),
}

/// Statuses by which EPS says that it has judged the message. Any other (a gateway's 401, 403, 404
/// or 429, or anything of a server that fails) says nothing about the prescription.
const JUDGED: [StatusCode; 4] =
    [StatusCode::BAD_REQUEST, StatusCode::CONFLICT, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNPROCESSABLE_ENTITY];

/// Reads the answer to `$prepare`.
pub(super) fn prepared(status: StatusCode, body: &[u8]) -> Result<PrepareResponse, PrepareError> {
    if status.is_success() {
        return PrepareResponse::parse(body).map_err(|error| {
            tracing::error!(%error, "EPS answered $prepare with something else than a digest");
            PrepareError::Unreachable
        });
    }
    if JUDGED.contains(&status) {
        return Err(PrepareError::Refused { code: refusal_code(status, body) });
    }
    tracing::warn!(status = status.as_u16(), "EPS did not judge a $prepare");
    Err(PrepareError::Unreachable)
}

/// Reads the answer to a message.
pub(super) fn sent(status: StatusCode, body: &[u8]) -> Sent {
    if status.is_success() {
        // A body that is no OperationOutcome, or holds an error, is not EPS saying yes.
        return match OperationOutcome::parse(body) {
            Ok(outcome) if outcome.is_success() => Sent::Accepted,
            _ => Sent::Unknown("unreadable"),
        };
    }
    if !JUDGED.contains(&status) {
        return Sent::Unknown(if status.is_server_error() { "server_error" } else { "not_judged" });
    }
    match OperationOutcome::parse(body) {
        Ok(outcome) if outcome.is_duplicate_prescription() => Sent::Duplicate,
        _ => Sent::Refused { code: refusal_code(status, body) },
    }
}

/// EPS's own code of the first error, else FHIR's, else the status.
fn refusal_code(status: StatusCode, body: &[u8]) -> String {
    let outcome = OperationOutcome::parse(body).unwrap_or_default();
    let error = outcome.issues.iter().find(|issue| issue.severity >= Severity::Error);
    let code = error.map(|issue| issue.detail.clone().unwrap_or_else(|| issue.code.clone()));
    // From outside: a code has no spaces, and nothing else may pass for one.
    code.filter(|code| {
        (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    })
    .unwrap_or_else(|| format!("HTTP_{}", status.as_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> Vec<u8> {
        ehub_fhir::to_bytes(&OperationOutcome::refusal("invalid", code, "words").to_json())
    }

    #[test]
    fn only_eps_itself_can_refuse() {
        for status in [401, 403, 404, 408, 429, 500, 502, 503, 504] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert!(matches!(sent(status, &refusal("INVALID_CHECK_DIGIT")), Sent::Unknown(_)), "{status}");
            assert!(matches!(prepared(status, b""), Err(PrepareError::Unreachable)), "{status}");
        }
        assert_eq!(sent(StatusCode::OK, b"<html>"), Sent::Unknown("unreadable"));
        assert_eq!(sent(StatusCode::OK, &refusal("X")), Sent::Unknown("unreadable"));
    }

    #[test]
    fn a_refusal_has_a_code_and_nothing_else() {
        let code = |body: &[u8]| match sent(StatusCode::BAD_REQUEST, body) {
            Sent::Refused { code } => code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code(&refusal("INVALID_CHECK_DIGIT")), "INVALID_CHECK_DIGIT");
        assert_eq!(code(&refusal("Jane Smith is not known")), "HTTP_400");
        assert_eq!(code(b"nonsense"), "HTTP_400");
        assert_eq!(sent(StatusCode::BAD_REQUEST, &refusal("DUPLICATE_PRESCRIPTION_ID")), Sent::Duplicate);
    }

    #[test]
    fn success_is_an_outcome_without_errors() {
        let body = ehub_fhir::to_bytes(&OperationOutcome::success().to_json());
        assert_eq!(sent(StatusCode::OK, &body), Sent::Accepted);
    }
}
