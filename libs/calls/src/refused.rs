//! The audit event of a call that was refused.

use std::sync::Arc;

use ehub_auth::{Caller, RefusalSink, Refused};
use ehub_postgres::{Db, Draft, Scope, StorageError, Tx, Work};
use ehub_proto::{audit::event::v1::AccessRecorded, timestamp};
use prost::Message;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Call, audited::access_event};

/// How many refusals may wait to be written before the next is only counted.
const WAITING: usize = 4096;

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

/// Takes the refusals of the authorisation layer, which has no database.
#[derive(Debug, Clone)]
pub struct Refusals(mpsc::Sender<Refused>);

impl Refusals {
    /// The layer's end, and what [`record_refusals`] takes.
    pub fn channel() -> (Self, mpsc::Receiver<Refused>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }
}

impl RefusalSink for Refusals {
    fn refused(&self, refusal: Refused) {
        if self.0.try_send(refusal).is_err() {
            tracing::error!("too many refusals wait to be recorded; one was only counted");
        }
    }
}

/// Writes refusals as audit events until told to stop and none is left.
pub async fn record_refusals(db: Db, mut refusals: mpsc::Receiver<Refused>, stop: CancellationToken) {
    loop {
        let refusal = tokio::select! {
            refusal = refusals.recv() => refusal,
            () = stop.cancelled() => refusals.try_recv().ok(),
        };
        let Some(refusal) = refusal else { return };
        if let Err(error) = db.run(&Scope::work(), &AuthRefused(&refusal)).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
        }
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
