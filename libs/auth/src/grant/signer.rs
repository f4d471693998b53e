//! Signing grants, which only allocation does.

use std::fmt;

use ehub_clock::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::{GRANT_TYP, Grant};
use crate::keys::valid_kid;

/// Signs grants with one Ed25519 key.
#[derive(Clone)]
pub struct GrantSigner {
    header: Header,
    key: EncodingKey,
    audience: String,
}

/// Why a key cannot sign grants.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The key id would be refused by every verifier.
    #[error("the kid of a signing key must match [A-Za-z0-9_-]{{1,64}}")]
    Kid,
    /// No audience.
    #[error("the audience of grants must not be empty")]
    Audience,
    /// Not an Ed25519 private key.
    #[error("the key must be an Ed25519 private key in PKCS#8 PEM (\"BEGIN PRIVATE KEY\")")]
    Key(#[source] jsonwebtoken::errors::Error),
}

impl GrantSigner {
    /// A signer from a PKCS#8 PEM file's content, as `openssl genpkey -algorithm ed25519` writes it. `kid` names the public
    /// key in the verifiers' JWKS; `audience` is their `auth.grants.audience`.
    ///
    /// # Errors
    /// [`SignerError`] when the id, the audience or the key cannot be used.
    pub fn from_pkcs8_pem(kid: &str, pem: &[u8], audience: &str) -> Result<Self, SignerError> {
        if !valid_kid(kid) {
            return Err(SignerError::Kid);
        }
        if audience.is_empty() {
            return Err(SignerError::Audience);
        }
        crate::jws::use_aws_lc();
        let key = EncodingKey::from_ed_pem(pem).map_err(SignerError::Key)?;
        // A PEM of the right label may hold anything; a trial signature shows whether it holds a key.
        jsonwebtoken::crypto::sign(b"trial", &key, Algorithm::EdDSA).map_err(SignerError::Key)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(GRANT_TYP.to_owned());
        header.kid = Some(kid.to_owned());
        Ok(Self { header, key, audience: audience.to_owned() })
    }

    /// Signs a grant. Its expiry is rounded down to a whole second, so that it never outlives the lease.
    #[must_use]
    pub fn sign(&self, grant: &Grant, issued_at: Timestamp) -> String {
        let claims = json!({
            "aud": self.audience,
            "sub": grant.subject,
            "iat": issued_at.unix_timestamp(),
            "exp": grant.expires_at.unix_timestamp(),
            "grant": grant.kind.as_str(),
            "consultation": grant.consultation,
            "epoch": grant.epoch,
            "organisation": grant.organisation,
            "practice": grant.practice,
            "incarnation": grant.incarnation,
        });
        jsonwebtoken::encode(&self.header, &claims, &self.key)
            .expect("the key has signed before and the claims are plain JSON")
    }
}

impl fmt::Debug for GrantSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantSigner")
            .field("kid", &self.header.kid)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev_issuer::DevKey;

    #[test]
    fn what_is_no_key_is_refused_before_it_is_needed() {
        let pem = DevKey::generate(&crate::testing::clock(), "g").pkcs8_pem();
        let signer = |kid: &str, pem: &str, audience: &str| GrantSigner::from_pkcs8_pem(kid, pem.as_bytes(), audience);
        assert!(matches!(signer("../g", &pem, "a"), Err(SignerError::Kid)));
        assert!(matches!(signer("g", &pem, ""), Err(SignerError::Audience)));
        assert!(matches!(signer("g", "", "a"), Err(SignerError::Key(_))));
        assert!(matches!(
            signer("g", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "a"),
            Err(SignerError::Key(_))
        ));
        assert!(signer("g", &pem, "a").is_ok());
    }
}
