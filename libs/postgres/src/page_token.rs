//! Page tokens: sealed, bound to the caller and the other arguments, and short-lived.
//!
//! A token holds where the page before ended. It grants nothing: every page is authorised again.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ehub_clock::Clock;
use serde::{Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Seals and opens page tokens with one key.
#[derive(Debug)]
pub struct PageTokens {
    key: RandomizedNonceKey,
    clock: Clock,
}

/// Not one of ours, too old, or made for other arguments.
#[derive(Debug, thiserror::Error)]
#[error("the page token is not one of ours, has expired, or belongs to other arguments")]
pub struct PageTokenInvalid;

/// A sealed token as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub String);

impl PageTokens {
    /// Tokens under a key of 32 bytes, the same on every replica.
    pub fn new(key: &[u8; 32], clock: Clock) -> Self {
        // Unwrap safety: AES-256 takes any key of 32 bytes.
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("32 bytes are a key of AES-256");
        Self { key, clock }
    }

    /// Seals a position for these arguments (method, caller and filters in one string).
    pub fn seal<P: Serialize>(&self, arguments: &str, position: &P) -> PageToken {
        let expires = (self.clock.now() + LIFETIME).unix_timestamp();
        // Unwrap safety: positions are tuples of ids, numbers and times, which JSON can say.
        let mut sealed = serde_json::to_vec(&(expires, position)).expect("a position is plain data");
        // Unwrap safety: sealing fails only for gigabytes.
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(arguments.as_bytes()), &mut sealed)
            .expect("a position is short");
        let mut token = nonce.as_ref().to_vec();
        token.extend_from_slice(&sealed);
        PageToken(URL_SAFE_NO_PAD.encode(token))
    }

    /// Opens a token made for the same arguments; an empty one is the first page.
    pub fn open<P: DeserializeOwned>(&self, arguments: &str, token: &str) -> Result<Option<P>, PageTokenInvalid> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PageTokenInvalid)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or(PageTokenInvalid)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| PageTokenInvalid)?;
        let mut sealed = sealed.to_vec();
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(arguments.as_bytes()), &mut sealed)
            .map_err(|_| PageTokenInvalid)?;
        let (expires, position): (i64, P) = serde_json::from_slice(plain).map_err(|_| PageTokenInvalid)?;
        let good = OffsetDateTime::from_unix_timestamp(expires).is_ok_and(|until| until > self.clock.now());
        if good { Ok(Some(position)) } else { Err(PageTokenInvalid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> (PageTokens, ehub_clock::ManualClock) {
        let (clock, hand) = Clock::manual(OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        (PageTokens::new(&[7; 32], clock), hand)
    }

    #[test]
    fn a_token_comes_back_only_for_the_same_arguments() {
        let (tokens, _) = tokens();
        let token = tokens.seal("List|anna|A81001", &(5_i64, "id"));
        let back: Option<(i64, String)> = tokens.open("List|anna|A81001", &token.0).expect("ours");
        assert_eq!(back, Some((5, "id".to_owned())));
        assert!(tokens.open::<(i64, String)>("List|bert|A81001", &token.0).is_err());
        assert!(tokens.open::<(i64, String)>("List|anna|A81001", "nonsense").is_err());
        assert_eq!(tokens.open::<(i64, String)>("List|anna|A81001", "").expect("first page"), None);
    }

    #[test]
    fn a_token_expires_and_cannot_be_changed() {
        let (tokens, hand) = tokens();
        let token = tokens.seal("a", &1_i64).0;
        let mut forged = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        *forged.last_mut().expect("bytes") ^= 1;
        assert!(tokens.open::<i64>("a", &URL_SAFE_NO_PAD.encode(forged)).is_err());
        hand.advance(LIFETIME + Duration::from_secs(1));
        assert!(tokens.open::<i64>("a", &token).is_err());
    }
}
