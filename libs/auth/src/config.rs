//! What a deployer writes about issuers, keys and claims; checked once, at start.

mod check;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use ehub_config::HumanDuration;
use serde::Deserialize;

pub use check::ConfigFault;

/// Who may issue tokens, and how they are read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The trusted issuers; a token's `iss` must equal one of them exactly.
    pub issuers: Vec<IssuerConfig>,
    /// How grants are verified.
    pub grants: GrantConfig,
    /// The one audience of access tokens.
    pub audience: String,
    /// How far an issuer's clock may be from ours when `exp`, `nbf` and `iat` are compared. At most a minute; grants get none.
    #[serde(default = "default_skew")]
    pub skew: HumanDuration,
}

/// The keys and the audience of grants.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantConfig {
    /// A JWKS file with the public keys of grants: two while the key is being changed, else one.
    pub jwks_file: PathBuf,
    /// The one audience of grants; must differ from the access tokens' audience.
    pub audience: String,
}

/// One trusted issuer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The exact value of `iss`.
    pub issuer: String,
    /// Where its public keys come from. Nothing in a token ever changes this.
    pub jwks: JwksSource,
    /// The algorithms this issuer signs with.
    pub algorithms: Vec<Algorithm>,
    /// The accepted values of the header `typ`, compared exactly. An empty string admits tokens without `typ`, as
    /// Kubernetes service-account tokens are.
    #[serde(default = "default_typ")]
    pub typ: Vec<String>,
    /// The longest accepted `exp` − `iat`.
    #[serde(default = "default_max_lifetime")]
    pub max_lifetime: HumanDuration,
    /// Accepts `aud` written as a list of exactly one, as Kubernetes writes it. A list of several is never accepted.
    #[serde(default)]
    pub audience_in_list: bool,
    /// Put in front of `sub` and of the client, so that two issuers that name their people or clients alike cannot be
    /// mistaken for each other.
    #[serde(default)]
    pub subject_prefix: String,
    /// Which claims hold what.
    #[serde(default)]
    pub claims: ClaimNames,
    /// `sub` → the eHub service that runs under it. Only these callers are services.
    #[serde(default)]
    pub services: BTreeMap<String, ServiceName>,
    /// How often a JWKS address is read.
    #[serde(default = "default_refresh")]
    pub refresh: HumanDuration,
    /// How long a key that has left the JWKS address is still accepted. With `refresh` this bounds how long a withdrawn key
    /// works: two minutes by default. A file has no overlap; there, both keys are listed while one replaces the other.
    #[serde(default = "default_overlap")]
    pub overlap: HumanDuration,
    /// How long the last keys are used while the JWKS address cannot be read; afterwards this issuer's tokens are refused.
    #[serde(default = "default_max_stale")]
    pub max_stale: HumanDuration,
    /// Certificates (PEM) to trust for the JWKS address instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Accepts a JWKS address with `http:` that is not on this machine. For development inside a closed network only.
    #[serde(default)]
    pub allow_plain_http: bool,
}

/// Where public keys come from: `{ file = "…" }` or `{ url = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JwksSource {
    /// A file, read again when it changes.
    File(PathBuf),
    /// An address, polled in the background.
    Url(String),
}

/// The signature algorithms that can be allowed. There is no symmetric one and no `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

/// A service name, alone or with scopes that the deployer gives it because its tokens cannot carry any.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ServiceName {
    /// Only the name.
    Name(String),
    /// The name and its scopes.
    WithScopes {
        /// The service name, as rules name it.
        name: String,
        /// Scopes added to those of the token.
        scopes: Vec<String>,
    },
}

impl ServiceName {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::WithScopes { name, .. } => name,
        }
    }

    /// The scopes given by configuration.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        match self {
            Self::Name(_) => &[],
            Self::WithScopes { scopes, .. } => scopes,
        }
    }
}

/// Which claim holds what. A name that begins with `/` is a JSON pointer (RFC 6901) into the claims, so that for example
/// NHS CIS2's `/nhsid_nrbac_roles/0/org_code` can serve as the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    /// The OAuth 2 client; all that are present must agree.
    pub client: Vec<String>,
    /// Scopes: one string with spaces, or a list of strings.
    pub scope: String,
    /// The caller's organisation (ODS code).
    pub organisation: String,
    /// The practices the token is limited to (list of ODS codes, or one string with spaces).
    pub practices: String,
    /// The person's role.
    pub role: String,
    /// The person's name.
    pub name: String,
    /// `person` or `client`, where the issuer says so.
    pub kind: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            client: vec!["client_id".into(), "azp".into()],
            scope: "scope".into(),
            organisation: "ehub_org".into(),
            practices: "ehub_practices".into(),
            role: "ehub_role".into(),
            name: "ehub_name".into(),
            kind: "ehub_kind".into(),
        }
    }
}

fn default_skew() -> HumanDuration {
    HumanDuration::from(Duration::from_secs(5))
}
fn default_typ() -> Vec<String> {
    vec!["at+jwt".into()]
}
fn default_max_lifetime() -> HumanDuration {
    HumanDuration::from(Duration::from_secs(15 * 60))
}
fn default_refresh() -> HumanDuration {
    HumanDuration::from(Duration::from_secs(60))
}
fn default_overlap() -> HumanDuration {
    HumanDuration::from(Duration::from_secs(60))
}
fn default_max_stale() -> HumanDuration {
    HumanDuration::from(Duration::from_secs(24 * 60 * 60))
}
