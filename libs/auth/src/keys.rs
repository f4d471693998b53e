//! Public keys from a JWKS (RFC 7517), each pinned to one algorithm.

mod jwk;
mod ring;
mod source;

use std::collections::HashMap;

use ehub_clock::Timestamp;
use jsonwebtoken::DecodingKey;

use crate::Algorithm;

pub(crate) use ring::Ring;
pub(crate) use source::Source;
pub use source::SourceError;

/// The largest JWKS document, in bytes.
pub(crate) const MAX_JWKS_BYTES: usize = 64 * 1024;
/// The most keys in one JWKS document.
const MAX_KEYS: usize = 64;

/// A public key that verifies signatures of exactly one algorithm.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
    /// From when on the key is no longer accepted, for one that has left its JWKS.
    pub(crate) retires_at: Option<Timestamp>,
    /// The key as published, to notice when another takes its id.
    fingerprint: [u8; 32],
}

/// Keys by id.
pub(crate) type KeySet = HashMap<String, Key>;

/// Why a document is not a usable JWKS.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// Longer than 64 KiB.
    #[error("a JWKS may have at most 64 KiB")]
    TooLarge,
    /// Not JSON of the form `{"keys": […]}`.
    #[error("a JWKS must be a JSON object with a list \"keys\"")]
    NotJwks(#[source] serde_json::Error),
    /// More keys than anyone publishes.
    #[error("a JWKS may have at most 64 keys")]
    TooMany,
    /// Two keys with one id.
    #[error("each \"kid\" in a JWKS must be unique")]
    KidTwice,
    /// A private key, which must never be where public keys are read.
    #[error("a JWKS must hold public keys only; this one holds a private key")]
    PrivateKey,
    /// Nothing that could verify a token.
    #[error("no key in the JWKS is usable: each needs a kid of [A-Za-z0-9_-]{{1,64}}, use \"sig\", and an allowed alg")]
    NoUsableKey,
}

/// Reads a JWKS document, keeping the keys that one of `allowed` can use.
pub(crate) fn parse(document: &[u8], allowed: &[Algorithm]) -> Result<KeySet, JwksError> {
    if document.len() > MAX_JWKS_BYTES {
        return Err(JwksError::TooLarge);
    }
    let jwks: jwk::Jwks = serde_json::from_slice(document).map_err(JwksError::NotJwks)?;
    if jwks.keys.len() > MAX_KEYS {
        return Err(JwksError::TooMany);
    }
    let mut keys = KeySet::new();
    for value in &jwks.keys {
        if jwk::is_private(value) {
            return Err(JwksError::PrivateKey);
        }
        if let Some((kid, key)) = jwk::read(value, allowed)
            && keys.insert(kid, key).is_some()
        {
            return Err(JwksError::KidTwice);
        }
    }
    if keys.is_empty() { Err(JwksError::NoUsableKey) } else { Ok(keys) }
}

/// A key id we are willing to look up.
pub(crate) fn valid_kid(kid: &str) -> bool {
    (1..=64).contains(&kid.len())
        && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
