//! What can go wrong, sorted by what the caller must do about it.

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;
use thiserror::Error;

/// A client cannot be built from this configuration.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Not an absolute http or https URL.
    #[error("mesh.url must be an absolute http or https URL")]
    Url,
    /// MESH requires a client certificate.
    #[error("an https mesh.url needs [mesh.tls] with ca_file, cert_file and key_file")]
    TlsMissing,
    /// A certificate or key file.
    #[error("{} must be a readable PEM file", path.display())]
    File {
        /// The file.
        path: PathBuf,
    },
    /// Files that do not fit together.
    #[error("mesh.tls: {what} cannot be used")]
    Tls {
        /// Which setting.
        what: &'static str,
    },
    /// A number that makes no sense.
    #[error("mesh.{what} must be greater than zero")]
    Zero {
        /// Which setting.
        what: &'static str,
    },
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built")]
    Http(#[source] reqwest::Error),
}

/// MESH's definite no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// MESH error code, for example `12` unregistered to address.
    pub code: Option<String>,
    /// MESH's words, shortened and stripped of control characters.
    pub description: String,
}

impl Refusal {
    /// Reads the error body of either API version; anything else leaves only the status.
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let detail = &body["detail"];
        let entry = if detail.is_array() { &detail[0] } else { &body };
        let text = |names: &[&str]| {
            names.iter().find_map(|name| match &entry[*name] {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
        };
        let description = text(&["msg", "errorDescription", "detail", "message"]).unwrap_or_default();
        Self {
            status,
            code: text(&["code", "errorCode"]).filter(|code| !code.is_empty()),
            description: description.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect(),
        }
    }

    /// Whether the same request can succeed later without being changed: credentials, throttling, a mailbox switched
    /// off. Everything else needs a person or another recipient.
    pub fn may_pass(&self) -> bool {
        matches!(self.status, 401 | 403 | 408 | 429)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, ", code {code}")?;
        }
        Ok(())
    }
}

/// Why a request gave no result.
#[derive(Debug, Error)]
pub enum MeshError {
    /// A definite no.
    #[error("MESH refused the request: {0}")]
    Refused(Refusal),
    /// The message is not, or no longer, in the inbox.
    #[error("MESH no longer has the message")]
    Gone,
    /// No connection, or it broke, or time ran out.
    #[error("MESH could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The server failed.
    #[error("MESH failed with HTTP {status}")]
    Unavailable {
        /// HTTP status.
        status: u16,
    },
    /// A message or answer over the configured size.
    #[error("the message is larger than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// An answer that is not what the specification says.
    #[error("MESH answered unexpectedly: {what}")]
    Protocol {
        /// What was wrong.
        what: &'static str,
    },
    /// A message that cannot be sent as it is.
    #[error("{what} must be {expected}")]
    InvalidMessage {
        /// The field.
        what: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

impl MeshError {
    /// Urls name mailboxes and messages; they are dropped from what may reach a log.
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

/// Why a send gave no message id. The difference decides what may be done next.
#[derive(Debug, Error)]
pub enum SendError {
    /// MESH said no: the message was not accepted.
    #[error("MESH refused the message: {0}")]
    Refused(Refusal),
    /// The message may or may not have been accepted: only an identical re-send is safe, and the receiver may get two.
    #[error("it is not known whether MESH accepted the message")]
    Ambiguous(#[source] MeshError),
    /// The message was certainly not accepted, and may be sent again.
    #[error("the message was not sent")]
    NotSent(#[source] MeshError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_error_bodies_are_read() {
        let v2 = br#"{"message_id":"1","detail":[{"event":"SEND","code":"12","msg":"Unregistered to\naddress"}]}"#;
        let v1 =
            br#"{"messageID":"1","errorEvent":"SEND","errorCode":"12","errorDescription":"Unregistered to address"}"#;
        for body in [&v2[..], v1] {
            let refusal = Refusal::read(417, body);
            assert_eq!(refusal.code.as_deref(), Some("12"));
            assert_eq!(refusal.description, "Unregistered to address");
            assert_eq!(refusal.to_string(), "HTTP 417, code 12");
        }
    }

    #[test]
    fn other_bodies_leave_the_status() {
        for body in [&b"<html>"[..], b"", b"[]", b"{\"detail\":[]}", b"{\"detail\":[{\"code\":null}]}"] {
            let refusal = Refusal::read(400, body);
            assert_eq!((refusal.status, refusal.code), (400, None));
        }
        assert_eq!(Refusal::read(417, br#"{"detail":"MissingDataFile"}"#).description, "MissingDataFile");
    }

    #[test]
    fn only_passing_conditions_may_pass() {
        let may_pass = |status| Refusal { status, code: None, description: String::new() }.may_pass();
        assert!(may_pass(403) && may_pass(429));
        assert!(!may_pass(417) && !may_pass(400) && !may_pass(413));
    }
}
