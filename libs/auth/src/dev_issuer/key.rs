//! Ed25519 keys for development: access tokens and grants alike.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ehub_clock::Clock;
use serde_json::{Value, json};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A private key with its id.
#[derive(Clone)]
pub struct DevKey {
    kid: String,
    /// PKCS#8 version 1 (48 bytes), the only form that `jsonwebtoken` takes.
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

/// The text is not an Ed25519 private key in PKCS#8 PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a development key must be an Ed25519 private key in PKCS#8 PEM")]
pub struct DevKeyError;

impl DevKey {
    /// A new key; with a manual clock, the same each time.
    #[must_use]
    pub fn generate(clock: &Clock, kid: &str) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&clock.random::<32>())
            .expect("any 32 bytes are a seed (RFC 8032 §5.1.5)");
        Self::from_pair(kid, &pair).expect("a pair in memory can be written out")
    }

    /// A key stored earlier with [`DevKey::pkcs8_pem`].
    ///
    /// # Errors
    /// [`DevKeyError`] when the text holds no such key.
    pub fn from_pkcs8_pem(kid: &str, pem: &str) -> Result<Self, DevKeyError> {
        let body = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(DevKeyError)?;
        let body: String = body.split_ascii_whitespace().collect();
        let pkcs8 = STANDARD.decode(body).map_err(|_| DevKeyError)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).map_err(|_| DevKeyError)?;
        Self::from_pair(kid, &pair)
    }

    fn from_pair(kid: &str, pair: &Ed25519KeyPair) -> Result<Self, DevKeyError> {
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| DevKeyError)?.as_ref().to_vec();
        Ok(Self { kid: kid.to_owned(), pkcs8, public: pair.public_key().as_ref().to_vec() })
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The private key in PKCS#8 PEM, as [`GrantSigner`](crate::GrantSigner) takes it.
    #[must_use]
    pub fn pkcs8_pem(&self) -> String {
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(&self.pkcs8))
    }

    /// The public key as a JWK.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(&self.public);
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": x})
    }

    /// A compact JWS over any header and claims, however wrong.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A compact JWS over any two texts.
    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.pkcs8).expect("the key was made by this type");
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// A JWKS document with the public keys.
#[must_use]
pub fn jwks<'a>(keys: impl IntoIterator<Item = &'a DevKey>) -> String {
    json!({"keys": keys.into_iter().map(DevKey::jwk).collect::<Vec<_>>()}).to_string()
}

impl fmt::Debug for DevKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_is_no_key_is_refused() {
        for wrong in [
            "",
            BEGIN,
            "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            assert_eq!(DevKey::from_pkcs8_pem("k", wrong).err(), Some(DevKeyError), "{wrong}");
        }
    }

    #[test]
    fn a_stored_key_comes_back() {
        let key = DevKey::generate(&testing::clock(), "k");
        let back = DevKey::from_pkcs8_pem("k", &key.pkcs8_pem()).unwrap();
        assert_eq!((back.jwk(), back.pkcs8_pem()), (key.jwk(), key.pkcs8_pem()));
        assert!(!format!("{key:?}").contains("pkcs8"));
    }
}
