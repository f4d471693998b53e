//! A compact JWS taken apart strictly, and its signature checked with one pinned key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Validation;
use serde::Deserialize;

use crate::{
    Algorithm, TokenRefusal,
    claims::Claims,
    keys::{Key, valid_kid},
    token::MAX_TOKEN_BYTES,
};

/// The three header parameters that may be there; serde refuses any other, and any twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: String,
    kid: String,
}

/// What is read before the signature, only to choose the key.
#[derive(Deserialize)]
struct Peek {
    #[serde(default)]
    iss: serde_json::Value,
}

/// A token whose form is right and whose content proves nothing yet.
pub(crate) struct Unverified<'a> {
    text: &'a str,
    /// The claimed algorithm; `None` is one that nobody may be allowed.
    pub(crate) algorithm: Option<Algorithm>,
    /// The header `typ`; empty when absent.
    pub(crate) typ: String,
    /// The key id, of the right form.
    pub(crate) kid: String,
    /// The claimed issuer; `None` when it is missing or not one string.
    pub(crate) issuer: Option<String>,
}

impl<'a> Unverified<'a> {
    /// Steps 2 and 3 of the list, and the claimed issuer.
    pub(crate) fn parse(text: &'a str) -> Result<Self, TokenRefusal> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenRefusal::Oversize);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenRefusal::Structure);
        };
        let [header, payload, signature] = [header, payload, signature].map(|part| URL_SAFE_NO_PAD.decode(part));
        let (Ok(header), Ok(payload), Ok(signature)) = (header, payload, signature) else {
            return Err(TokenRefusal::Structure);
        };
        if signature.is_empty() {
            return Err(TokenRefusal::Structure);
        }
        object(&header)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| TokenRefusal::Header)?;
        if !valid_kid(&header.kid) {
            return Err(TokenRefusal::Header);
        }
        object(&payload)?;
        let peek: Peek = serde_json::from_slice(&payload).map_err(|_| TokenRefusal::Claim)?;
        Ok(Self {
            text,
            algorithm: Algorithm::named(&header.alg),
            typ: header.typ,
            kid: header.kid,
            issuer: peek.iss.as_str().map(str::to_owned),
        })
    }

    /// Steps 5 and 6: the key must be pinned to the claimed algorithm and must verify the signature.
    pub(crate) fn verify(&self, key: &Key) -> Result<Claims, TokenRefusal> {
        if self.algorithm != Some(key.algorithm) {
            return Err(TokenRefusal::Key);
        }
        let mut only_signature = Validation::new(key.algorithm.into());
        // Times are compared by the caller with our clock, audience and issuer more strictly than the crate does.
        only_signature.required_spec_claims.clear();
        only_signature.validate_exp = false;
        only_signature.validate_nbf = false;
        only_signature.validate_aud = false;
        match jsonwebtoken::decode::<Claims>(self.text, &key.decoding, &only_signature) {
            Ok(token) => Ok(token.claims),
            Err(error) => Err(match error.kind() {
                jsonwebtoken::errors::ErrorKind::Json(_) => TokenRefusal::Claim,
                _ => TokenRefusal::Signature,
            }),
        }
    }
}

/// Makes AWS-LC the library's cryptography. Were another crate ever to switch on a second back-end, the library would panic
/// at the first signature; naming the one we mean prevents that, and fails to compile should it be switched off.
pub(crate) fn use_aws_lc() {
    // An error only says that it was chosen before.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

/// The bytes are one JSON object, whatever it holds.
fn object(bytes: &[u8]) -> Result<(), TokenRefusal> {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) if value.is_object() => Ok(()),
        _ => Err(TokenRefusal::Structure),
    }
}

impl Algorithm {
    /// The algorithm of that name (RFC 7518 §3.1, RFC 8037 §3.1), if it is one that can be allowed.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::RS256),
            "PS256" => Some(Self::PS256),
            "ES256" => Some(Self::ES256),
            "EdDSA" => Some(Self::EdDSA),
            _ => None,
        }
    }
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::RS256 => Self::RS256,
            Algorithm::PS256 => Self::PS256,
            Algorithm::ES256 => Self::ES256,
            Algorithm::EdDSA => Self::EdDSA,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn base64_must_be_canonical_and_unpadded() {
        let good = token(r#"{"alg":"EdDSA","kid":"k"}"#, "{}");
        assert!(Unverified::parse(&good).is_ok());
        for wrong in [
            good.replace("c2ln", "c2lnYQ=="),
            good.replace("c2ln", "c2ln+/"),
            good.replace("c2ln", "c2k"),
            good.replace(".c2ln", "."),
        ] {
            assert_eq!(
                Unverified::parse(&wrong).err(),
                if wrong.ends_with("c2k") { None } else { Some(TokenRefusal::Structure) },
                "{wrong}"
            );
        }
        assert_eq!(
            Unverified::parse(&good.replace("c2ln", "c2l")).err(),
            Some(TokenRefusal::Structure),
            "spare bits must be zero"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
            let _ = Unverified::parse(&text);
        }

        #[test]
        fn no_parts_make_the_parser_panic(header in "\\PC{0,60}", payload in "\\PC{0,60}") {
            let _ = Unverified::parse(&token(&header, &payload));
        }
    }
}
