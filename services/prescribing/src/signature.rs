//! Checks a prescriber's signature: an XML Signature over the digest `$prepare` gave.
//!
//! What EPS gives as digest is the canonical form of a `SignedInfo` element, in base64. The
//! prescriber's key signs those bytes (RSA, PKCS#1 v1.5, SHA-256), and the answer is a `Signature`
//! element (XML Signature Syntax and Processing, W3C) that holds the same `SignedInfo`, the
//! signature value and the certificate. eHub checks that it is the same `SignedInfo`, that the
//! signature is of the certificate's key, that the certificate is in force, and that it comes from
//! an authority the deployer names. Whether it has been revoked is for EPS to say.

mod authorities;
mod certificate;
mod document;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use time::OffsetDateTime;

pub use authorities::{Authorities, AuthoritiesError, DEVELOPMENT_AUTHORITY};
use certificate::SigningCertificate;
use document::SignatureDocument;

/// The most a signature may be, in characters of base64. Real ones have some 4,000.
const MAX_CHARACTERS: usize = 64 * 1024;

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// Not base64, or too long.
    #[error("the signature is not base64 of at most 64 KiB")]
    NotBase64,
    /// Not an XML Signature of the one form we take.
    #[error("the signature is not an XML Signature with SignedInfo, SignatureValue and X509Certificate")]
    NotASignature,
    /// Over something else.
    #[error("SignedInfo is not the one that was given to be signed")]
    OtherDigest,
    /// The certificate cannot be used.
    #[error("the certificate cannot be read, or holds no RSA key of at least 2048 bits")]
    Certificate,
    /// The certificate is not in force.
    #[error("the certificate is not in force now")]
    CertificateNotInForce,
    /// Nobody who may has said that this is a prescriber's.
    #[error("the certificate does not come from an authority of prescribers")]
    NotAPrescriber,
    /// The signature is not of the certificate's key.
    #[error("the signature does not verify with the certificate's key")]
    DoesNotVerify,
}

/// Checks a signature (base64 of the XML) over a digest (base64 of the canonical `SignedInfo`).
pub fn verify(
    signature: &str,
    digest: &str,
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Result<(), SignatureRefused> {
    if signature.len() > MAX_CHARACTERS {
        return Err(SignatureRefused::NotBase64);
    }
    let xml = STANDARD.decode(compact(signature)).map_err(|_| SignatureRefused::NotBase64)?;
    let xml = std::str::from_utf8(&xml).map_err(|_| SignatureRefused::NotASignature)?;
    let document = SignatureDocument::read(xml).ok_or(SignatureRefused::NotASignature)?;
    let wanted = STANDARD.decode(compact(digest)).map_err(|_| SignatureRefused::OtherDigest)?;
    // The bytes are compared before anything is verified: a good signature over another
    // prescription must never pass for this one.
    if document.signed_info.as_bytes() != wanted {
        return Err(SignatureRefused::OtherDigest);
    }
    let decode = |text: &String| STANDARD.decode(compact(text)).map_err(|_| SignatureRefused::Certificate);
    let der = decode(&document.certificate)?;
    let issuers = document.issuers.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
    let certificate = SigningCertificate::read(&der).ok_or(SignatureRefused::Certificate)?;
    if !certificate.in_force(now) {
        return Err(SignatureRefused::CertificateNotInForce);
    }
    if !authorities.issued(&der, &issuers, now) {
        return Err(SignatureRefused::NotAPrescriber);
    }
    let value = STANDARD.decode(compact(&document.value)).map_err(|_| SignatureRefused::NotASignature)?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &certificate.public_key)
        .verify(&wanted, &value)
        .map_err(|_| SignatureRefused::DoesNotVerify)
}

/// Base64 without the white space that XML and people put into it.
fn compact(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use authorities::tests as testing;
