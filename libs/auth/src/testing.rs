//! A trusted issuer, keys and fixed callers for tests. Only with the feature `testing`.

use std::sync::{Arc, Mutex, PoisonError};

use ehub_clock::{Clock, ManualClock, Timestamp};
use ehub_identifiers::OdsCode;
use serde_json::Value;
use time::macros::datetime;
use uuid::Uuid;

use crate::{
    AuthConfig, Caller, Grant, GrantKind, GrantSigner, Kind, Recording, RefusalSink, Refused, Verifier,
    config::{Algorithm, ClaimNames, GrantConfig, IssuerConfig, JwksSource},
    dev_issuer::{DevIssuer, DevKey, TokenSpec, jwks},
};

/// Where the manual clocks of these helpers start.
pub const START: Timestamp = datetime!(2026-03-02 09:00 UTC);
/// The issuer that [`Trust`] trusts.
pub const ISSUER: &str = "https://issuer.test";
/// The audience of access tokens.
pub const AUDIENCE: &str = "ehub";
/// The audience of grants.
pub const GRANT_AUDIENCE: &str = "ehub-grant";

/// A manual clock at [`START`].
#[must_use]
pub fn clock() -> Clock {
    Clock::manual(START).0
}

/// A person of organisation A11111 with one practice, and no scope.
#[must_use]
pub fn person() -> Caller {
    Caller {
        subject: "person-1".into(),
        client: "hub-desktop".into(),
        kind: Kind::Person,
        organisation: Some(ods("A11111")),
        practices: Some(vec![ods("C81001")]),
        role: Some("clinician".into()),
        name: Some("Asha Example".into()),
        scopes: Vec::new(),
        service: None,
        expires_at: START + std::time::Duration::from_secs(300),
        issuer: ISSUER.into(),
    }
}

/// The token of [`person`], with scopes.
#[must_use]
pub fn person_spec(scopes: &[&str]) -> TokenSpec {
    let person = person();
    TokenSpec {
        organisation: person.organisation,
        practices: person.practices,
        role: person.role,
        name: person.name,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..TokenSpec::new(Kind::Person, person.subject, person.client)
    }
}

/// A grant of [`person`] that lasts two minutes from [`START`].
#[must_use]
pub fn grant() -> Grant {
    Grant {
        consultation: Uuid::from_u128(1),
        epoch: (1 << 32) | 7,
        kind: GrantKind::Act,
        subject: person().subject,
        organisation: Uuid::from_u128(2),
        practice: Uuid::from_u128(3),
        expires_at: START + std::time::Duration::from_secs(120),
        incarnation: 1,
    }
}

/// # Panics
/// When the text is not an ODS code: the test is wrong.
#[must_use]
pub fn ods(text: &str) -> OdsCode {
    OdsCode::parse(text).expect("a test writes valid ODS codes")
}

/// The configuration that [`Trust`] uses: one issuer, and `system:audit` as the service `audit`.
#[must_use]
pub fn config() -> AuthConfig {
    let seconds = |seconds| std::time::Duration::from_secs(seconds).into();
    AuthConfig {
        issuers: vec![IssuerConfig {
            issuer: ISSUER.into(),
            jwks: JwksSource::File("/nonexistent/issuer.json".into()),
            algorithms: vec![Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA],
            typ: vec!["at+jwt".into()],
            max_lifetime: seconds(900),
            audience_in_list: false,
            subject_prefix: String::new(),
            claims: ClaimNames::default(),
            services: [("system:audit".to_owned(), crate::ServiceName::Name("audit".into()))].into(),
            refresh: seconds(60),
            overlap: seconds(60),
            max_stale: seconds(3600),
            ca_file: None,
            allow_plain_http: false,
        }],
        grants: GrantConfig { jwks_file: "/nonexistent/grants.json".into(), audience: GRANT_AUDIENCE.into() },
        audience: AUDIENCE.into(),
        skew: seconds(5),
    }
}

/// An issuer, a grant signer and a verifier that trusts both, on one clock.
#[derive(Debug)]
pub struct Trust {
    /// The clock all use.
    pub clock: Clock,
    /// Its hand, when it is manual.
    pub hand: Option<ManualClock>,
    /// Signs access tokens.
    pub issuer: DevIssuer,
    /// Signs grants.
    pub grants: GrantSigner,
    /// The grant key, to sign wrong grants.
    pub grant_key: DevKey,
    /// Trusts both.
    pub verifier: Arc<Verifier>,
}

impl Trust {
    /// On a manual clock at [`START`].
    #[must_use]
    pub fn manual() -> Self {
        let (clock, hand) = Clock::manual(START);
        Self { hand: Some(hand), ..Self::on(clock, &config()) }
    }

    /// On any clock; the first issuer of `config` gets the development key.
    ///
    /// # Panics
    /// When the configuration is refused: the test is wrong.
    #[must_use]
    pub fn on(clock: Clock, config: &AuthConfig) -> Self {
        let issuer = DevIssuer::generate(clock.clone(), &config.issuers[0].issuer, &config.audience);
        let grant_key = DevKey::generate(&clock, "grant-1");
        let verifier = Verifier::empty(config, clock.clone()).expect("the test's configuration is valid");
        verifier.install(issuer.jwks_json().as_bytes(), jwks([&grant_key]).as_bytes());
        let grants = GrantSigner::from_pkcs8_pem("grant-1", grant_key.pkcs8_pem().as_bytes(), &config.grants.audience);
        let grants = grants.expect("a development key signs");
        Self { clock, hand: None, issuer, grants, grant_key, verifier: Arc::new(verifier) }
    }

    /// The header of a good token.
    #[must_use]
    pub fn header(&self) -> Value {
        self.issuer.header()
    }

    /// The claims of a good token.
    #[must_use]
    pub fn claims(&self) -> Value {
        self.issuer.claims(&person_spec(&["ehub.read"]))
    }

    /// A token with any header and claims, signed by the trusted key.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.issuer.key().sign(header, claims)
    }

    /// A token of any two texts, signed by the trusted key.
    #[must_use]
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        self.issuer.key().sign_text(header, claims)
    }
}

/// Keeps refusals for a test to look at.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Vec<Refused>>);

impl Kept {
    /// What was refused since the last call.
    pub fn take(&self) -> Vec<Refused> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RefusalSink for Kept {
    fn refused(&self, refusal: Refused) -> Recording {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(refusal);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A directory that goes away with the value.
#[cfg(test)]
pub(crate) struct Scratch(std::path::PathBuf);

#[cfg(test)]
impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let id = u64::from_be_bytes(Clock::system().random());
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp"));
        let path = root.join(format!("auth-{name}-{id:016x}"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.join(name)
    }
}

#[cfg(test)]
impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An encoded descriptor set with the service `<package>.Probe` and the given methods, each with its options.
#[cfg(test)]
pub(crate) fn descriptor_set(package: &str, methods: &[(&str, &str)]) -> Vec<u8> {
    use std::fmt::Write;

    let mut text = format!(
        "syntax = \"proto3\";\npackage {package};\nimport \"ehub/auth/v1/rule.proto\";\nmessage M {{}}\nservice Probe {{\n"
    );
    for (name, options) in methods {
        writeln!(text, "rpc {name}(M) returns (M) {{ {options} }}").unwrap();
    }
    text.push_str("}\n");
    let scratch = Scratch::new("proto");
    std::fs::write(scratch.path("probe.proto"), text).unwrap();
    let protos = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto"));
    let mut compiler = protox::Compiler::new([scratch.0.clone(), protos]).unwrap();
    compiler.include_imports(true).open_file("probe.proto").unwrap();
    compiler.encode_file_descriptor_set()
}
