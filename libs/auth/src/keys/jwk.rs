//! One JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2), accepted only when it can verify exactly one allowed algorithm.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use super::{Key, valid_kid};
use crate::Algorithm;

#[derive(Deserialize)]
pub(super) struct Jwks {
    pub(super) keys: Vec<Value>,
}

/// The members that matter; a set may hold others.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// Whether the key has a private member (`d`; `k` of a symmetric key is tolerated because some issuers list one, and never used).
pub(super) fn is_private(value: &Value) -> bool {
    value.get("d").is_some()
}

/// The key with its id, or `None` when it is not for us: an encryption key, another algorithm, a weak or ill-formed key.
pub(super) fn read(value: &Value, allowed: &[Algorithm]) -> Option<(String, Key)> {
    let jwk = Jwk::deserialize(value).ok()?;
    let verifies = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
        && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !verifies || !valid_kid(&jwk.kid) {
        return None;
    }
    let algorithm = pinned(&jwk, allowed)?;
    let decoding = match algorithm {
        Algorithm::EdDSA => DecodingKey::from_ed_der(&bytes(jwk.x.as_deref()?, 32..=32)?),
        Algorithm::ES256 => {
            let (x, y) = (bytes(jwk.x.as_deref()?, 32..=32)?, bytes(jwk.y.as_deref()?, 32..=32)?);
            DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat())
        }
        // 2048 to 8192 bits, the range AWS-LC verifies; smaller is weak (RFC 7518 §3.3), larger a way to burn time.
        Algorithm::RS256 | Algorithm::PS256 => {
            let (n, e) = (bytes(jwk.n.as_deref()?, 256..=1024)?, bytes(jwk.e.as_deref()?, 3..=8)?);
            DecodingKey::from_rsa_raw_components(&n, &e)
        }
    };
    let mut fingerprint = [0; 32];
    let published = format!("{algorithm:?}|{:?}|{:?}|{:?}|{:?}", jwk.x, jwk.y, jwk.n, jwk.e);
    fingerprint.copy_from_slice(digest::digest(&digest::SHA256, published.as_bytes()).as_ref());
    Some((jwk.kid, Key { algorithm, decoding, retires_at: None, fingerprint }))
}

/// The one algorithm the key is for: the stated one, else the only allowed one that its type can do.
fn pinned(jwk: &Jwk, allowed: &[Algorithm]) -> Option<Algorithm> {
    let possible: &[Algorithm] = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("OKP", Some("Ed25519")) => &[Algorithm::EdDSA],
        ("EC", Some("P-256")) => &[Algorithm::ES256],
        ("RSA", None) => &[Algorithm::RS256, Algorithm::PS256],
        _ => return None,
    };
    let stated = match jwk.alg.as_deref() {
        // RFC 9864 gives Ed25519 a name of its own for the same algorithm.
        Some("Ed25519") => Some(Algorithm::EdDSA),
        Some(name) => Some(Algorithm::named(name)?),
        None => None,
    };
    let mut usable =
        possible.iter().copied().filter(|one| allowed.contains(one) && stated.is_none_or(|stated| stated == *one));
    match (usable.next(), usable.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn bytes(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| length.contains(&bytes.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::keys::{JwksError, parse};

    const ALL: &[Algorithm] = &[Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

    fn ed(kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": URL_SAFE_NO_PAD.encode([7; 32])})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut key = ed("k");
        key[name] = value;
        key
    }

    #[test]
    fn keys_not_for_us_are_left_out() {
        let rsa = |bits: usize| json!({"kty": "RSA", "kid": "k", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(vec![0xC1; bits / 8]), "e": "AQAB"});
        let others = [
            json!({"kty": "oct", "kid": "k", "k": "c2VjcmV0"}),
            json!({"kty": "oct", "kid": "k", "k": "", "alg": "HS256"}),
            json!({"kty": "EC", "crv": "P-384", "kid": "k", "x": "AA", "y": "AA"}),
            json!({"kty": "AKP", "kid": "k"}),
            json!("key"),
            with("use", json!("enc")),
            with("key_ops", json!(["sign"])),
            with("alg", json!("HS256")),
            with("alg", json!("ES256")),
            with("kid", json!("../k")),
            with("kid", json!("")),
            with("x", json!("AAAA")),
            rsa(1024),
            rsa(16384),
            json!({"kty": "RSA", "kid": "k", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode([0xC1; 256]), "e": "AQ"}),
        ];
        for key in others {
            assert!(read(&key, ALL).is_none(), "{key}");
        }
        assert!(read(&rsa(2048), ALL).is_some());
        assert!(read(&ed("k"), &[Algorithm::ES256]).is_none(), "not an allowed algorithm");
    }

    #[test]
    fn an_rsa_key_without_alg_is_pinned_only_where_one_is_possible() {
        let rsa = json!({"kty": "RSA", "kid": "k", "n": URL_SAFE_NO_PAD.encode([0xC1; 256]), "e": "AQAB"});
        assert!(read(&rsa, ALL).is_none());
        assert_eq!(read(&rsa, &[Algorithm::PS256, Algorithm::ES256]).unwrap().1.algorithm, Algorithm::PS256);
    }

    #[test]
    fn a_document_that_is_wrong_as_a_whole_is_refused() {
        let text = |value: Value| serde_json::to_vec(&value).unwrap();
        assert!(matches!(parse(b"{}", ALL), Err(JwksError::NotJwks(_))));
        assert!(matches!(parse(&vec![b' '; 70_000], ALL), Err(JwksError::TooLarge)));
        assert!(matches!(parse(&text(json!({"keys": []})), ALL), Err(JwksError::NoUsableKey)));
        assert!(matches!(parse(&text(json!({"keys": [ed("a"), ed("a")]})), ALL), Err(JwksError::KidTwice)));
        assert!(matches!(parse(&text(json!({"keys": [with("d", json!("AAAA"))]})), ALL), Err(JwksError::PrivateKey)));
        let many: Vec<_> = (0..65).map(|i| ed(&format!("k{i}"))).collect();
        assert!(matches!(parse(&text(json!({"keys": many})), ALL), Err(JwksError::TooMany)));
        assert_eq!(parse(&text(json!({"keys": [ed("a"), {"kty": "oct"}, ed("b")]})), ALL).unwrap().len(), 2);
    }
}
