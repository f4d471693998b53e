//! The audit event of a call that was refused.

use std::sync::Arc;

use ehub_auth::{Caller, Recording, RefusalSink, Refused};
use ehub_postgres::{Draft, StorageError, Tx, Work};
use ehub_proto::{audit::event::v1::AccessRecorded, timestamp};
use prost::Message;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    Call, Calls,
    audited::access_event,
    call::scope_of,
    runner::{broken, unrecorded},
};

/// Records that a call was refused.
pub(crate) struct RefusedCall<'a> {
    pub call: &'a Call,
    pub request_id: Option<Uuid>,
    pub reason: &'static str,
}

impl Work for RefusedCall<'_> {
    const NAME: &'static str = "record_refusal";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        // Whoever looks into a consultation's story also sees who asked for it and was refused.
        if let Some(consultation) = self.call.names {
            tx.concerns(consultation);
        }
        tx.raise(access_event(self.call, self.request_id, tx, self.reason));
        Ok(())
    }
}

/// Writes the refusals of the authorisation layer, which has no database, as audit events.
///
/// Each in a task of its own, so that a caller who goes away does not undo it.
#[derive(Debug, Clone)]
pub struct Refusals(Calls);

impl Refusals {
    /// Refusals written beside those of these calls; a draining service waits for them too.
    pub fn new(calls: Calls) -> Self {
        Self(calls)
    }
}

impl RefusalSink for Refusals {
    fn refused(&self, refusal: Refused) -> Recording {
        let db = self.0.db().clone();
        let scope = scope_of(&refusal.caller).traced(ehub_telemetry::current_traceparent());
        let record = async move { db.run(&scope, &AuthRefused(&refusal)).await.map_err(|error| unrecorded(&error)) };
        let written = self.0.tasks().spawn(record.in_current_span());
        Box::pin(async move { written.await.unwrap_or_else(|ended| Err(broken(&ended))) })
    }
}

struct AuthRefused<'a>(&'a Refused);

impl Work for AuthRefused<'_> {
    const NAME: &'static str = "record_refusal";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let caller: &Arc<Caller> = &self.0.caller;
        let event = AccessRecorded {
            request_id: tx.clock().uuid_v7().to_string(),
            time: Some(timestamp(self.0.at)),
            actor: caller.subject.clone(),
            actor_name: caller.name.clone().unwrap_or_default(),
            actor_role: caller.role.clone().unwrap_or_default(),
            organisation_ods: caller.organisation.as_ref().map(ToString::to_string).unwrap_or_default(),
            client: caller.client.clone(),
            on_behalf_of_ods: String::new(),
            action: self.0.rule.path.trim_start_matches('/').to_owned(),
            outcome: self.0.reason.reason().to_owned(),
            consultations: Vec::new(),
            subject: String::new(),
        };
        tx.raise(Draft {
            stream: None,
            kind: "ehub.audit.event.v1.AccessRecorded",
            body: event.encode_to_vec(),
            consultation: None,
        });
        Ok(())
    }
}
