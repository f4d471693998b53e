//! The answer to `$prepare`: what the prescriber is asked to sign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::error::FhirError;
use crate::json::{list, resource, text};

/// The digest to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepareResponse {
    /// The canonical `<SignedInfo>` element, byte for byte: exactly these bytes are signed.
    pub signed_info: Vec<u8>,
    /// The time the signature will carry; kept as text because it must be repeated unchanged.
    pub timestamp: String,
    /// `RS256`, or the older `RS1`.
    pub algorithm: String,
}

impl PrepareResponse {
    /// Reads the Parameters resource.
    pub fn parse(bytes: &[u8]) -> Result<Self, FhirError> {
        let value = resource(bytes, "Parameters")?;
        let parameter = |name: &str| {
            let found = list(&value, "parameter").iter().find(|parameter| text(parameter, "/name") == Some(name));
            found.and_then(|parameter| text(parameter, "/valueString"))
        };
        let digest = parameter("digest").ok_or(FhirError::Missing { what: "digest" })?;
        let signed_info = STANDARD.decode(digest).ok().filter(|bytes| bytes.starts_with(b"<SignedInfo"));
        Ok(Self {
            signed_info: signed_info
                .ok_or(FhirError::Invalid { what: "digest", expected: "a base64 encoded SignedInfo element" })?,
            timestamp: parameter("timestamp").ok_or(FhirError::Missing { what: "timestamp" })?.to_owned(),
            algorithm: parameter("algorithm").unwrap_or("RS256").to_owned(),
        })
    }

    /// The digest as EPS sends it, and as the prescriber's signing tool takes it.
    pub fn digest(&self) -> String {
        STANDARD.encode(&self.signed_info)
    }

    /// Writes the Parameters resource.
    pub fn to_json(&self) -> Value {
        let parameter = |name: &str, value: &str| json!({"name": name, "valueString": value});
        json!({
            "resourceType": "Parameters",
            "parameter": [
                parameter("digest", &self.digest()),
                parameter("timestamp", &self.timestamp),
                parameter("algorithm", &self.algorithm),
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_bytes;

    #[test]
    fn a_digest_that_is_not_signed_info_is_refused() {
        for digest in ["", "!!", "YWJj"] {
            let value = json!({"resourceType": "Parameters", "parameter": [
                {"name": "digest", "valueString": digest}, {"name": "timestamp", "valueString": "2026-01-02T03:04:05+00:00"}]});
            assert!(PrepareResponse::parse(&to_bytes(&value)).is_err(), "{digest:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let response = PrepareResponse {
            signed_info: b"<SignedInfo xmlns=\"x\"></SignedInfo>".to_vec(),
            timestamp: "2026-01-02T03:04:05+00:00".into(),
            algorithm: "RS256".into(),
        };
        assert_eq!(PrepareResponse::parse(&to_bytes(&response.to_json())).unwrap(), response);
    }
}
