//! From verified claims to a [`Caller`], by one issuer's rules.

use std::{collections::BTreeMap, time::Duration};

use ehub_clock::Timestamp;
use ehub_identifiers::OdsCode;

use super::TokenRefusal;
use crate::{
    Algorithm, AuthConfig, Caller, ClaimNames, IssuerConfig, Kind, ServiceName, claims::Claims, jws::Unverified,
};

/// OpenID Connect Core §2 bounds `sub` to 255 ASCII characters; the same serves clients.
const MAX_IDENTIFIER: usize = 255;
const MAX_NAME: usize = 200;
const MAX_ROLE: usize = 100;
const MAX_SCOPES: usize = 100;

/// What one issuer's access tokens must be like.
#[derive(Debug)]
pub(crate) struct AccessPolicy {
    pub(crate) issuer: String,
    audience: String,
    audience_in_list: bool,
    typ: Vec<String>,
    algorithms: Vec<Algorithm>,
    max_lifetime: Duration,
    skew: Duration,
    names: ClaimNames,
    services: BTreeMap<String, ServiceName>,
    prefix: String,
    /// The other issuers' prefixes, which a subject of an issuer without one may not begin with.
    reserved: Vec<String>,
}

impl AccessPolicy {
    pub(crate) fn new(config: &AuthConfig, issuer: &IssuerConfig) -> Self {
        let others = config.issuers.iter().filter(|other| other.issuer != issuer.issuer);
        Self {
            issuer: issuer.issuer.clone(),
            audience: config.audience.clone(),
            audience_in_list: issuer.audience_in_list,
            typ: issuer.typ.clone(),
            algorithms: issuer.algorithms.clone(),
            max_lifetime: issuer.max_lifetime.get(),
            skew: config.skew.get(),
            names: issuer.claims.clone(),
            services: issuer.services.clone(),
            prefix: issuer.subject_prefix.clone(),
            reserved: others.map(|other| other.subject_prefix.clone()).filter(|prefix| !prefix.is_empty()).collect(),
        }
    }

    /// Step 4: whether this issuer may use that type and algorithm.
    pub(crate) fn check_header(&self, token: &Unverified<'_>) -> Result<(), TokenRefusal> {
        if !self.typ.contains(&token.typ) {
            return Err(TokenRefusal::Type);
        }
        match token.algorithm {
            Some(algorithm) if self.algorithms.contains(&algorithm) => Ok(()),
            _ => Err(TokenRefusal::Algorithm),
        }
    }

    /// Until when a token that expires at `exp` is accepted.
    pub(crate) fn accepted_until(&self, exp: Timestamp) -> Timestamp {
        exp.checked_add(time::Duration::try_from(self.skew).unwrap_or_default()).unwrap_or(exp)
    }

    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, TokenRefusal> {
        let (exp, iat) = (claims.required_seconds("exp")?, claims.required_seconds("iat")?);
        let latest = now + self.skew;
        if now >= self.accepted_until(exp) {
            return Err(TokenRefusal::Expired);
        }
        if iat > latest || claims.seconds("nbf")?.is_some_and(|nbf| nbf > latest) {
            return Err(TokenRefusal::Future);
        }
        if exp <= iat || exp - iat > self.max_lifetime {
            return Err(TokenRefusal::Lifetime);
        }
        Ok(exp)
    }

    /// Who an issuer names, as nobody else's is named.
    fn subject(&self, raw: &str) -> Result<String, TokenRefusal> {
        if self.prefix.is_empty() && self.reserved.iter().any(|prefix| raw.starts_with(prefix)) {
            return Err(TokenRefusal::Claim);
        }
        Ok(format!("{}{raw}", self.prefix))
    }

    /// The client, behind the issuer's prefix as a subject is: every claim that names one must name the same.
    fn client(&self, claims: &Claims) -> Result<Option<String>, TokenRefusal> {
        let mut client = None;
        for name in &self.names.client {
            match (claims.identifier(name, MAX_IDENTIFIER)?, client) {
                (Some(found), Some(earlier)) if found != earlier => {
                    return Err(TokenRefusal::Claim);
                }
                (Some(found), _) => client = Some(found),
                (None, _) => {}
            }
        }
        client.map(|client| self.subject(client)).transpose()
    }
}

/// Step 7: the caller that the claims describe.
pub(crate) fn read_caller(policy: &AccessPolicy, claims: &Claims, now: Timestamp) -> Result<Caller, TokenRefusal> {
    claims.check_issuer(&policy.issuer)?;
    claims.check_audience(&policy.audience, policy.audience_in_list)?;
    let expires_at = policy.check_times(claims, now)?;
    let raw_subject = claims.identifier("sub", MAX_IDENTIFIER)?.ok_or(TokenRefusal::Claim)?;
    let subject = policy.subject(raw_subject)?;
    let client = policy.client(claims)?;
    let scopes = scopes(claims, &policy.names.scope)?;
    if let Some(service) = policy.services.get(raw_subject) {
        return Ok(service_caller(policy, service, subject, client, scopes, expires_at));
    }
    let role = claims.text(&policy.names.role, MAX_ROLE)?.map(str::to_owned);
    let name = claims.text(&policy.names.name, MAX_NAME)?.map(str::to_owned);
    let organisation = claims.text(&policy.names.organisation, MAX_ROLE)?.map(ods_code).transpose()?;
    let practices = claims.words(&policy.names.practices)?;
    let practices = practices.map(|codes| codes.into_iter().map(ods_code).collect()).transpose()?;
    let named = role.is_some() || name.is_some();
    Ok(Caller {
        subject,
        client: client.ok_or(TokenRefusal::Claim)?,
        kind: kind(claims, &policy.names.kind, named)?,
        organisation,
        practices,
        role,
        name,
        scopes,
        service: None,
        expires_at,
        issuer: policy.issuer.clone(),
    })
}

/// A service acts for no organisation and no practice, whatever its token says.
fn service_caller(
    policy: &AccessPolicy,
    service: &ServiceName,
    subject: String,
    client: Option<String>,
    mut scopes: Vec<String>,
    expires_at: Timestamp,
) -> Caller {
    for scope in service.scopes() {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    Caller {
        subject,
        client: client.unwrap_or_else(|| service.name().to_owned()),
        kind: Kind::Service,
        organisation: None,
        practices: None,
        role: None,
        name: None,
        scopes,
        service: Some(service.name().to_owned()),
        expires_at,
        issuer: policy.issuer.clone(),
    }
}

/// A token may say that it stands for a person or a client, never that it is a service; a client has no role and no name.
fn kind(claims: &Claims, name: &str, named: bool) -> Result<Kind, TokenRefusal> {
    match (claims.text(name, MAX_ROLE)?, named) {
        (Some("person"), _) | (None, true) => Ok(Kind::Person),
        (Some("client"), false) | (None, false) => Ok(Kind::Client),
        _ => Err(TokenRefusal::Claim),
    }
}

/// RFC 6749 §3.3: a scope is visible ASCII without `"` and `\`.
fn scopes(claims: &Claims, name: &str) -> Result<Vec<String>, TokenRefusal> {
    let words = claims.words(name)?.unwrap_or_default();
    let is_scope = |word: &&str| {
        (1..=128).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    if words.len() > MAX_SCOPES || !words.iter().all(is_scope) {
        return Err(TokenRefusal::Claim);
    }
    Ok(words.into_iter().map(str::to_owned).collect())
}

fn ods_code(text: &str) -> Result<OdsCode, TokenRefusal> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(TokenRefusal::Claim);
    }
    OdsCode::parse(text).map_err(|_| TokenRefusal::Claim)
}
