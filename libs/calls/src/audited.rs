//! A unit of work with its replay look-up, audit event and record, in one transaction.

use std::error::Error;

use ehub_faults::Fault;
use ehub_postgres::{Draft, IdempotencyKey, StorageError, Tx, Work, find, record};
use ehub_proto::{audit::event::v1::AccessRecorded, timestamp};
use ehub_telemetry::metrics::{Counter, counter};
use prost::Message;
use uuid::Uuid;

use crate::Call;

static REPLAYS: Counter =
    counter("ehub.idempotency.replays", "{call}", "Calls answered as an earlier call with the same request id was.");

/// What a call gave: rendered now, or recorded when it was first made.
pub(crate) enum Answer<M> {
    /// Made by this call.
    Fresh(M),
    /// Made by an earlier call with the same request id and content.
    Replayed(M),
}

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal<E: Error + Send + Sync + 'static> {
    /// The operation refused.
    #[error("the operation refused")]
    Operation(#[source] E),
    /// The request id was used for other content.
    #[error("the request id was used for other content")]
    RequestIdReused,
    /// A record cannot be read back.
    #[error("a recorded answer cannot be read")]
    RecordUnreadable,
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl<E: Error + Send + Sync + Into<Fault>> Refusal<E> {
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            // The operation's own storage failures have one look, wherever they are wrapped.
            Self::Operation(error) => match StorageError::within(&error) {
                Some(storage) if storage.constraint().is_none() => crate::storage_fault(storage),
                _ => error.into(),
            },
            Self::RequestIdReused => Fault::new(
                ehub_faults::Code::AlreadyExists,
                "server.ehub",
                "REQUEST_ID_REUSED",
                "the request id was used for other content; use a new one",
            ),
            Self::RecordUnreadable => Fault::internal(&self),
            Self::Storage(ref error) => crate::storage_fault(error),
        }
    }
}

/// A unit of work as a call runs it.
pub(crate) struct Audited<'a, W: Work, M> {
    pub call: &'a Call,
    pub request_id: Option<Uuid>,
    pub work: &'a W,
    pub render: fn(&W::Output) -> M,
}

impl<W: Work, M: Message + Default> Work for Audited<'_, W, M>
where
    W::Output: Sync,
{
    const NAME: &'static str = W::NAME;
    type Output = Answer<M>;
    type Error = Refusal<W::Error>;

    async fn run(&self, tx: &mut Tx) -> Result<Answer<M>, Self::Error> {
        let key = self.request_id.map(|request_id| self.key(request_id));
        if let Some(key) = &key
            && let Some(recorded) = find(tx, key).await?
        {
            if recorded.digest != self.call.digest {
                return Err(Refusal::RequestIdReused);
            }
            let answer = M::decode(recorded.answer.as_slice()).map_err(|_| Refusal::RecordUnreadable)?;
            self.call.span.record("ehub.idempotency.replayed", true);
            tx.tally(&REPLAYS, &[("rpc.method", self.call.method)]);
            tx.raise(access_event(self.call, self.request_id, tx, "REPLAYED"));
            return Ok(Answer::Replayed(answer));
        }
        let done = self.work.run(tx).await;
        self.call.note(tx);
        let output = done.map_err(Refusal::Operation)?;
        let answer = (self.render)(&output);
        tx.raise(access_event(self.call, self.request_id, tx, "OK"));
        if let Some(key) = &key {
            record(tx, key, &self.call.digest, &answer.encode_to_vec());
        }
        Ok(Answer::Fresh(answer))
    }
}

impl<W: Work, M> Audited<'_, W, M> {
    pub(crate) fn key(&self, request_id: Uuid) -> IdempotencyKey {
        IdempotencyKey {
            client: self.call.caller.client.clone(),
            subject: self.call.caller.subject.clone(),
            method: self.call.method,
            request_id,
        }
    }
}

/// The audit event of a call: who, for whom, what, how it ended.
pub(crate) fn access_event(call: &Call, request_id: Option<Uuid>, tx: &Tx, outcome: &str) -> Draft {
    let caller = &call.caller;
    let (consultations, subject, on_behalf_of) = tx.named();
    let event = AccessRecorded {
        request_id: request_id.unwrap_or_else(|| tx.clock().uuid_v7()).to_string(),
        time: Some(timestamp(tx.at())),
        actor: caller.subject.clone(),
        actor_name: caller.name.clone().unwrap_or_default(),
        actor_role: caller.role.clone().unwrap_or_default(),
        organisation_ods: caller.organisation.as_ref().map(ToString::to_string).unwrap_or_default(),
        client: caller.client.clone(),
        on_behalf_of_ods: on_behalf_of.unwrap_or_default().to_owned(),
        action: call.method.to_owned(),
        outcome: outcome.to_owned(),
        consultations: consultations.iter().map(ToString::to_string).collect(),
        subject: subject.unwrap_or_default().to_owned(),
    };
    Draft {
        stream: None,
        kind: "ehub.audit.event.v1.AccessRecorded",
        body: event.encode_to_vec(),
        consultation: consultations.first().copied(),
    }
}
