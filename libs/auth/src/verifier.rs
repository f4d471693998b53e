//! Holds the trusted issuers and their keys, and turns tokens and grants into what they prove.

mod refresh;

use std::{sync::Arc, time::Duration};

use ehub_clock::{Clock, Timestamp};

use crate::{
    Algorithm, AuthConfig, Caller, ConfigFault, Grant, GrantRefusal, TokenRefusal,
    cache::Verified,
    grant::{self, GRANT_TYP},
    jws::{self, Unverified},
    keys::{Ring, Source, SourceError},
    token::{AccessPolicy, read_caller},
};

/// How many distinct tokens are remembered.
const REMEMBERED: usize = 10_000;

/// Verifies access tokens and grants.
#[derive(Debug)]
pub struct Verifier {
    clock: Clock,
    issuers: Vec<Issuer>,
    grant_keys: Keys,
    grant_audience: String,
    skew: Duration,
    tokens: Verified<Caller>,
    grants: Verified<Grant>,
}

#[derive(Debug)]
struct Issuer {
    policy: AccessPolicy,
    keys: Keys,
}

/// A ring of keys and where it is filled from.
#[derive(Debug)]
struct Keys {
    ring: Ring,
    source: Source,
    refresh: Duration,
    max_stale: Duration,
}

/// Why a verifier cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is unsafe or incomplete.
    #[error("the configuration of tokens cannot be used")]
    Config(#[from] ConfigFault),
    /// A key file is missing or holds no usable key.
    #[error("the keys for tokens cannot be read")]
    Keys(#[from] SourceError),
}

impl Verifier {
    /// Checks the configuration and reads the keys. A key file must be there and good; a key address that does not answer
    /// only leaves this verifier not [`ready`](Self::ready) until [`keep_fresh`](Self::keep_fresh) has reached it.
    ///
    /// # Errors
    /// [`StartError`] naming the key to change or the file.
    pub async fn start(config: &AuthConfig, clock: Clock) -> Result<Arc<Self>, StartError> {
        let verifier = Self::empty(config, clock)?;
        for keys in verifier.all_keys() {
            match verifier.load(keys).await {
                Err(error) if !keys.source.is_remote() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(Arc::new(verifier))
    }

    /// A verifier that knows no keys yet.
    pub(crate) fn empty(config: &AuthConfig, clock: Clock) -> Result<Self, StartError> {
        config.check()?;
        jws::use_aws_lc();
        let mut issuers = Vec::with_capacity(config.issuers.len());
        for issuer in &config.issuers {
            let source = Source::prepare(&issuer.jwks, issuer.ca_file.as_ref())?;
            let overlap = if source.is_remote() { issuer.overlap.get() } else { Duration::ZERO };
            let ring = Ring::new(issuer.algorithms.clone(), overlap);
            let (refresh, max_stale) = (issuer.refresh.get(), issuer.max_stale.get());
            issuers.push(Issuer {
                policy: AccessPolicy::new(config, issuer),
                keys: Keys { ring, source, refresh, max_stale },
            });
        }
        let grant_keys = Keys {
            ring: Ring::new(vec![Algorithm::EdDSA], Duration::ZERO),
            source: Source::File(config.grants.jwks_file.clone()),
            refresh: Duration::ZERO,
            max_stale: Duration::MAX,
        };
        Ok(Self {
            clock,
            issuers,
            grant_keys,
            grant_audience: config.grants.audience.clone(),
            skew: config.skew.get(),
            tokens: Verified::new(REMEMBERED),
            grants: Verified::new(REMEMBERED),
        })
    }

    /// Whether every issuer and the grants have a key, so that calls can be answered.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.all_keys().all(|keys| !keys.ring.is_empty())
    }

    /// The caller that an access token (without `Bearer`) stands for.
    ///
    /// # Errors
    /// The step of [`crate::token`] that the token failed.
    pub fn verify(&self, token: &str) -> Result<Arc<Caller>, TokenRefusal> {
        let now = self.clock.now();
        self.tokens.get_or_verify(token, now, || self.verify_anew(token, now))
    }

    fn verify_anew(&self, token: &str, now: Timestamp) -> Result<(Caller, Timestamp), TokenRefusal> {
        let unverified = Unverified::parse(token)?;
        let claimed = unverified.issuer.as_deref().ok_or(TokenRefusal::Issuer)?;
        let Issuer { policy, keys } =
            self.issuers.iter().find(|issuer| issuer.policy.issuer == claimed).ok_or(TokenRefusal::Issuer)?;
        policy.check_header(&unverified)?;
        let key = keys.ring.find(&unverified.kid, now).ok_or(TokenRefusal::Key)?;
        let claims = unverified.verify(&key)?;
        let caller = read_caller(policy, &claims, now)?;
        let until = policy.accepted_until(caller.expires_at);
        Ok((caller, key.retires_at.map_or(until, |retires_at| until.min(retires_at))))
    }

    /// The grant that the text holds, if it is in force and was given to `caller`.
    ///
    /// # Errors
    /// Why it is worth nothing.
    pub fn verify_grant(&self, text: &str, caller: &Caller) -> Result<Grant, GrantRefusal> {
        let now = self.clock.now();
        let grant = self
            .grants
            .get_or_verify(text, now, || self.verify_grant_anew(text, now))
            .map_err(|_| GrantRefusal::Malformed)?;
        if grant.subject != caller.subject {
            return Err(GrantRefusal::OtherSubject);
        }
        // No leeway: after this instant the consultation may be someone else's.
        if now >= grant.expires_at {
            return Err(GrantRefusal::Expired);
        }
        Ok(Grant::clone(&grant))
    }

    fn verify_grant_anew(&self, text: &str, now: Timestamp) -> Result<(Grant, Timestamp), TokenRefusal> {
        let unverified = Unverified::parse(text)?;
        if unverified.typ != GRANT_TYP {
            return Err(TokenRefusal::Type);
        }
        let key = self.grant_keys.ring.find(&unverified.kid, now).ok_or(TokenRefusal::Key)?;
        let claims = unverified.verify(&key)?;
        let grant = grant::read_grant(&claims, &self.grant_audience, now, self.skew)?;
        let until = grant.expires_at;
        Ok((grant, until))
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    fn all_keys(&self) -> impl Iterator<Item = &Keys> {
        self.issuers.iter().map(|issuer| &issuer.keys).chain([&self.grant_keys])
    }
}

#[cfg(any(test, feature = "testing"))]
impl Verifier {
    /// Gives the first issuer and the grants their keys from memory.
    pub(crate) fn install(&self, issuer: &[u8], grants: &[u8]) {
        let now = self.clock.now();
        self.issuers[0].keys.ring.load(issuer, now).expect("the test's JWKS is usable");
        self.grant_keys.ring.load(grants, now).expect("the test's JWKS is usable");
        self.tokens.forget();
        self.grants.forget();
    }
}

#[cfg(test)]
mod tests;

/// The bad tokens, for the test of the layer.
#[cfg(test)]
pub(crate) use tests::bad_tokens;
