//! The prescriber's signature: an XML signature, base64 encoded, in a Provenance resource.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::error::FhirError;
use crate::json::{coded, list, reference, text};
use crate::systems;

/// Namespace of XML signatures.
const NAMESPACE: &str = " xmlns=\"http://www.w3.org/2000/09/xmldsig#\"";

/// A signature over a prepared prescription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The whole `<Signature>` element.
    pub xml: Vec<u8>,
    /// The timestamp of the `$prepare` answer, unchanged.
    pub when: String,
}

/// What a signature is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedParts {
    /// The signed bytes, canonical form with namespace.
    pub signed_info: Vec<u8>,
    /// RSA signature.
    pub value: Vec<u8>,
    /// Signer's certificate, DER.
    pub certificate: Vec<u8>,
}

impl Signature {
    /// Puts a signature together from the bytes that were signed, the signature value and the signer's certificate.
    pub fn assemble(parts: &SignedParts, when: impl Into<String>) -> Result<Self, FhirError> {
        let signed_info = std::str::from_utf8(&parts.signed_info)
            .ok()
            .filter(|text| text.starts_with("<SignedInfo") && text.ends_with("</SignedInfo>"))
            .ok_or(FhirError::Invalid { what: "the signed bytes", expected: "a SignedInfo element" })?;
        // Inside <Signature> the namespace is inherited; canonicalisation puts it back for verification.
        let inner = signed_info.replacen(NAMESPACE, "", 1);
        let (value, certificate) = (STANDARD.encode(&parts.value), STANDARD.encode(&parts.certificate));
        let xml = format!(
            "<Signature{NAMESPACE}>{inner}<SignatureValue>{value}</SignatureValue>\
             <KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>"
        );
        Ok(Self { xml: xml.into_bytes(), when: when.into() })
    }

    /// Takes a signature apart, for a receiver that verifies it.
    pub fn parts(&self) -> Result<SignedParts, FhirError> {
        let xml = std::str::from_utf8(&self.xml)
            .map_err(|_| FhirError::Invalid { what: "Signature", expected: "UTF-8 XML" })?;
        let inner = between(xml, "<SignedInfo", "</SignedInfo>").ok_or(FhirError::Missing { what: "SignedInfo" })?;
        let rest = inner.strip_prefix(NAMESPACE).unwrap_or(inner);
        let decode = |open: &str, close: &str, what: &'static str| {
            let text = between(xml, open, close).ok_or(FhirError::Missing { what })?;
            let packed: String = text.split_whitespace().collect();
            STANDARD.decode(packed).map_err(|_| FhirError::Invalid { what, expected: "base64" })
        };
        Ok(SignedParts {
            signed_info: format!("<SignedInfo{NAMESPACE}{rest}</SignedInfo>").into_bytes(),
            value: decode("<SignatureValue>", "</SignatureValue>", "SignatureValue")?,
            certificate: decode("<X509Certificate>", "</X509Certificate>", "X509Certificate")?,
        })
    }

    /// The Provenance resource over the items, signed in the role given.
    pub(crate) fn provenance(&self, id: &str, items: &[String], role: &str) -> Value {
        json!({
            "resourceType": "Provenance",
            "id": id,
            "target": items.iter().map(|item| reference(item)).collect::<Vec<_>>(),
            "recorded": self.when,
            "agent": [{"who": reference(role)}],
            "signature": [{
                "type": [coded(systems::SIGNATURE_TYPE, systems::AUTHOR_SIGNATURE, None)],
                "when": self.when,
                "who": reference(role),
                "data": STANDARD.encode(&self.xml),
            }],
        })
    }

    pub(crate) fn read(provenance: &Value) -> Result<Self, FhirError> {
        let signature =
            list(provenance, "signature").first().ok_or(FhirError::Missing { what: "Provenance.signature" })?;
        let data = text(signature, "/data").ok_or(FhirError::Missing { what: "Provenance.signature.data" })?;
        Ok(Self {
            xml: STANDARD
                .decode(data)
                .map_err(|_| FhirError::Invalid { what: "Provenance.signature.data", expected: "base64" })?,
            when: text(signature, "/when").ok_or(FhirError::Missing { what: "Provenance.signature.when" })?.to_owned(),
        })
    }
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let start = text.find(open)? + open.len();
    let end = start + text[start..].find(close)?;
    Some(&text[start..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> SignedParts {
        SignedParts {
            signed_info: format!("<SignedInfo{NAMESPACE}><DigestValue>a</DigestValue></SignedInfo>").into_bytes(),
            value: vec![1, 2, 3],
            certificate: vec![4, 5],
        }
    }

    #[test]
    fn bytes_that_are_not_signed_info_are_refused() {
        let wrong = SignedParts { signed_info: b"<Other/>".to_vec(), ..parts() };
        assert!(Signature::assemble(&wrong, "t").is_err());
        let broken = Signature { xml: b"<Signature/>".to_vec(), when: String::new() };
        assert_eq!(broken.parts(), Err(FhirError::Missing { what: "SignedInfo" }));
    }

    #[test]
    fn the_signed_bytes_come_back_exactly() {
        let signature = Signature::assemble(&parts(), "t").unwrap();
        assert_eq!(signature.parts().unwrap(), parts());
        let xml = String::from_utf8(signature.xml).unwrap();
        assert_eq!(xml.matches("xmlns").count(), 1);
    }
}
