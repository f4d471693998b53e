//! What is known of a call before its request is parsed.

use std::{sync::Arc, time::Instant};

use aws_lc_rs::digest;
use ehub_auth::{Caller, Grant, GrantKind, GrantPresented, GrantRequirement, Kind, Rule};
use ehub_clock::Timestamp;
use ehub_faults::Fault;
use ehub_postgres::{Scope, ScopeKind, Tx};
use ehub_server::{Deadline, InFlight};
use prost::Message;
use tonic::Request;
use uuid::Uuid;

use crate::named;

/// A call: who, what, with which grant, until when.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who is calling.
    pub caller: Arc<Caller>,
    /// `package.Service/Method`.
    pub method: &'static str,
    /// The grant that was presented.
    pub grant: GrantPresented,
    /// Whether the access rule demands a grant.
    pub grant_rule: GrantRequirement,
    /// SHA-256 of the request as parsed and encoded again.
    pub digest: [u8; 32],
    /// The consultation the request names, when it names exactly one.
    pub names: Option<Uuid>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// The trace this call belongs to.
    pub traceparent: Option<String>,
    /// The call's span, which learns whom and what the call concerns.
    pub span: tracing::Span,
    /// The call's place among those in flight: held until its task ends, even when the caller goes.
    pub in_flight: Option<InFlight>,
}

impl Call {
    /// Takes a request apart: what the layers found out, and the message.
    pub fn of<T: Message>(method: &'static str, request: Request<T>) -> Result<(Self, T), Fault> {
        let (_, extensions, message) = request.into_parts();
        let (Some(caller), Some(rule)) = (extensions.get::<Arc<Caller>>(), extensions.get::<Rule>()) else {
            return Err(Fault::unauthenticated("TOKEN_INVALID", "the token is missing or proves nothing"));
        };
        let mut digest = [0; 32];
        let encoded = message.encode_to_vec();
        digest.copy_from_slice(digest::digest(&digest::SHA256, &encoded).as_ref());
        let span = tracing::Span::current();
        span.record("ehub.client.id", caller.client.as_str());
        let names = named::consultation(&encoded);
        if let Some(consultation) = names {
            span.record("ehub.consultation.id", tracing::field::display(consultation));
        }
        let call = Self {
            span,
            caller: Arc::clone(caller),
            method,
            grant: extensions.get::<GrantPresented>().cloned().unwrap_or(GrantPresented::Absent),
            grant_rule: rule.grant,
            digest,
            names,
            deadline: extensions.get::<Deadline>().map(|deadline| deadline.instant()),
            traceparent: ehub_telemetry::current_traceparent(),
            in_flight: extensions.get::<InFlight>().cloned(),
        };
        Ok((call, message))
    }

    /// Notes on its span what it concerns: the consultation when it is exactly one, the practice when it is named.
    pub(crate) fn note(&self, tx: &Tx) {
        let (consultations, _, practice) = tx.named();
        // What the request names was noted before; noted again it would be exported twice.
        if let [consultation] = consultations
            && self.names.is_none()
        {
            self.span.record("ehub.consultation.id", tracing::field::display(consultation));
        }
        if let Some(practice) = practice {
            self.span.record("ehub.practice.id", practice);
        }
    }

    /// The scope its transactions run in.
    pub fn scope(&self) -> Scope {
        Scope { deadline: self.deadline, ..scope_of(&self.caller).traced(self.traceparent.clone()) }
    }

    /// The grant that lets the caller act on a consultation.
    pub fn acting_grant(&self, consultation: Uuid, now: Timestamp) -> Result<&Grant, Fault> {
        self.grant.require(GrantKind::Act, consultation, now)
    }

    /// Whether the grant lets the caller read a consultation.
    pub fn may_view_by_grant(&self, consultation: Uuid, now: Timestamp) -> bool {
        self.grant.permits_reading(consultation, now)
    }
}

/// What row security is to know of a caller.
pub(crate) fn scope_of(caller: &Caller) -> Scope {
    let mut scope = Scope::of(match caller.kind {
        Kind::Person => ScopeKind::Person,
        Kind::Client => ScopeKind::Client,
        Kind::Service => ScopeKind::Service,
    });
    scope.organisation = caller.organisation.as_ref().map(ToString::to_string);
    scope.subject.clone_from(&caller.subject);
    scope.client.clone_from(&caller.client);
    scope
}
