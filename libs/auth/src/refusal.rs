//! What becomes of a refused call: counted and logged sparingly, or reported for the audit when the caller is known.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use ehub_clock::Timestamp;
use ehub_faults::Fault;
use ehub_telemetry::{
    OncePerMinute,
    metrics::{self, Counter},
};
use tonic::Status;

use crate::{Caller, Rule, TokenRefusal};

static REFUSED: Counter =
    metrics::counter("ehub.auth.refused", "{call}", "Calls without a token that proves who calls, by what was wrong.");

/// The one message for every missing or bad token: which step failed is nobody's business outside.
const BAD_TOKEN: &str = "a valid access token is required";

/// Why an authenticated caller may not make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotAllowed {
    /// The RPC is not for this kind of caller.
    Kind,
    /// The RPC is for other services.
    Service,
    /// None of the scopes is held.
    Scope,
    /// The call is bound to practices or to the caller's organisation, and the token names no organisation.
    Organisation,
}

impl NotAllowed {
    /// The reason in the error's `ErrorInfo`, and in the audit.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Kind => "CALLER_KIND_NOT_ALLOWED",
            Self::Service => "SERVICE_NOT_ALLOWED",
            Self::Scope => "SCOPE_MISSING",
            Self::Organisation => "ORGANISATION_MISSING",
        }
    }

    pub(crate) fn fault(self, rule: &Rule) -> Fault {
        let fault = |message| Fault::permission_denied(self.reason(), message);
        match self {
            Self::Kind => {
                let kinds: Vec<_> = rule.callers.iter().map(|kind| kind.as_str()).collect();
                fault("this call is not for this kind of caller").with("callers", kinds.join(" "))
            }
            Self::Service => fault("this call is for other services"),
            Self::Scope => {
                fault("the token lacks every scope that admits this call").with("scopes", rule.scopes.join(" "))
            }
            Self::Organisation => fault("this call needs a token that names the caller's organisation"),
        }
    }
}

/// A refused call of a known caller.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Who called.
    pub caller: Arc<Caller>,
    /// The rule of what was called.
    pub rule: Rule,
    /// What was lacking.
    pub reason: NotAllowed,
    /// When.
    pub at: Timestamp,
}

/// A refusal that is being recorded; the caller is answered when it is done, and with the status given when it cannot be.
pub type Recording = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// Takes refusals of known callers, so that the service can write one audit event for each.
pub trait RefusalSink: Send + Sync {
    /// A known caller was refused: gives the work of recording it, which the answer waits for.
    fn refused(&self, refusal: Refused) -> Recording;
}

/// Unauthenticated calls by reason, since start.
#[derive(Debug, Default)]
pub struct RefusalCounts([AtomicU64; TokenRefusal::ALL.len()]);

impl RefusalCounts {
    /// How often `refusal` happened.
    #[must_use]
    pub fn get(&self, refusal: TokenRefusal) -> u64 {
        self.0[refusal as usize].load(Ordering::Relaxed)
    }

    /// Every reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (TokenRefusal, u64)> + '_ {
        TokenRefusal::ALL.into_iter().map(|refusal| (refusal, self.get(refusal)))
    }
}

/// Counts and logs calls without a valid token.
#[derive(Debug, Default)]
pub(crate) struct Unauthenticated {
    pub(crate) counts: RefusalCounts,
    lines: OncePerMinute,
}

impl Unauthenticated {
    /// The answer to a call without a valid token.
    pub(crate) fn refuse(&self, refusal: TokenRefusal, peer: Option<IpAddr>, now: Instant) -> Fault {
        self.counts.0[refusal as usize].fetch_add(1, Ordering::Relaxed);
        REFUSED.add(1, &[("ehub.reason", refusal.as_str())]);
        tracing::debug!(target: "ehub::auth", reason = refusal.as_str(), "unauthenticated call");
        if let Some(unlogged) = self.lines.due(peer, now) {
            let peer = peer.map(tracing::field::display);
            tracing::warn!(
                target: "ehub::auth", reason = refusal.as_str(), peer, unlogged,
                "unauthenticated calls refused; at most one line per peer and minute"
            );
        }
        Fault::unauthenticated("TOKEN_INVALID", BAD_TOKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_numbered_as_listed() {
        for (index, refusal) in TokenRefusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, index);
        }
    }

    #[test]
    fn each_refusal_counts_under_its_reason_and_answers_alike() {
        let unauthenticated = Unauthenticated::default();
        let now = crate::testing::clock().monotonic();
        for refusal in TokenRefusal::ALL {
            let status = unauthenticated.refuse(refusal, None, now).into_status();
            assert_eq!((status.code(), status.message()), (tonic::Code::Unauthenticated, BAD_TOKEN));
        }
        unauthenticated.refuse(TokenRefusal::Expired, None, now);
        assert_eq!(unauthenticated.counts.get(TokenRefusal::Expired), 2);
        assert_eq!(unauthenticated.counts.iter().map(|(_, count)| count).sum::<u64>(), 17);
    }
}
