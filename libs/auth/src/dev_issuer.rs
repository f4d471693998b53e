//! Issues tokens for development and tests. **Never for production**: whoever holds a [`DevIssuer`] is anybody.

mod key;

use std::time::Duration;

use ehub_clock::Clock;
use ehub_identifiers::OdsCode;
use serde_json::{Map, Value, json};

use crate::Kind;

pub use key::{DevKey, DevKeyError, jwks};

/// What a development token says.
#[derive(Debug, Clone)]
pub struct TokenSpec {
    /// `sub`.
    pub subject: String,
    /// `client_id`.
    pub client: String,
    /// Person or client; for a service nothing is said, because only configuration makes a subject a service.
    pub kind: Kind,
    /// `ehub_org`.
    pub organisation: Option<OdsCode>,
    /// `ehub_practices`; `None` leaves the claim out.
    pub practices: Option<Vec<OdsCode>>,
    /// `ehub_role`.
    pub role: Option<String>,
    /// `ehub_name`.
    pub name: Option<String>,
    /// `scope`.
    pub scopes: Vec<String>,
    /// How long the token lasts, in whole seconds.
    pub lifetime: Duration,
    /// `aud`; `None` takes the issuer's own.
    pub audience: Option<String>,
}

impl TokenSpec {
    /// A token of `subject` through `client` that lasts five minutes and says nothing else.
    #[must_use]
    pub fn new(kind: Kind, subject: impl Into<String>, client: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            client: client.into(),
            kind,
            organisation: None,
            practices: None,
            role: None,
            name: None,
            scopes: Vec::new(),
            lifetime: Duration::from_secs(5 * 60),
            audience: None,
        }
    }
}

/// An issuer with one Ed25519 key.
#[derive(Debug, Clone)]
pub struct DevIssuer {
    clock: Clock,
    issuer: String,
    audience: String,
    key: DevKey,
}

impl DevIssuer {
    /// An issuer with a new key.
    #[must_use]
    pub fn generate(clock: Clock, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        // A kid of its own lets a restarted issuer's key stand beside the old one.
        let [a, b, c, d] = clock.random::<4>();
        let key = DevKey::generate(&clock, &format!("dev-{a:02x}{b:02x}{c:02x}{d:02x}"));
        Self::with_key(clock, issuer, audience, key)
    }

    /// An issuer with a key made earlier.
    #[must_use]
    pub fn with_key(clock: Clock, issuer: impl Into<String>, audience: impl Into<String>, key: DevKey) -> Self {
        Self { clock, issuer: issuer.into(), audience: audience.into(), key }
    }

    /// The issuer's name, as `iss` says it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience of its tokens.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The key, for example to store it.
    #[must_use]
    pub fn key(&self) -> &DevKey {
        &self.key
    }

    /// The JWKS document with the public key.
    #[must_use]
    pub fn jwks_json(&self) -> String {
        jwks([&self.key])
    }

    /// Signs an access token (RFC 9068) that begins now.
    #[must_use]
    pub fn sign(&self, spec: &TokenSpec) -> String {
        self.key.sign(&self.header(), &self.claims(spec))
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.key.kid()})
    }

    pub(crate) fn claims(&self, spec: &TokenSpec) -> Value {
        let iat = self.clock.now().unix_timestamp();
        let lifetime = i64::try_from(spec.lifetime.as_secs()).unwrap_or(i64::MAX);
        let [jti_high, jti_low] = [self.clock.random::<8>(), self.clock.random::<8>()].map(u64::from_be_bytes);
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", json!(self.issuer));
        put("aud", json!(spec.audience.as_ref().unwrap_or(&self.audience)));
        put("sub", json!(spec.subject));
        put("client_id", json!(spec.client));
        put("iat", json!(iat));
        put("exp", json!(iat.saturating_add(lifetime)));
        put("jti", json!(format!("{jti_high:016x}{jti_low:016x}")));
        put("scope", json!(spec.scopes.join(" ")));
        if spec.kind != Kind::Service {
            put("ehub_kind", json!(spec.kind.as_str()));
        }
        if let Some(organisation) = &spec.organisation {
            put("ehub_org", json!(organisation.as_str()));
        }
        if let Some(practices) = &spec.practices {
            put("ehub_practices", practices.iter().map(OdsCode::as_str).collect());
        }
        if let Some(role) = &spec.role {
            put("ehub_role", json!(role));
        }
        if let Some(name) = &spec.name {
            put("ehub_name", json!(name));
        }
        Value::Object(claims)
    }
}
