//! Runs calls.

use std::panic::AssertUnwindSafe;

use ehub_faults::Fault;
use ehub_postgres::{Db, Scope, StorageError, Work};
use futures_util::FutureExt as _;
use prost::Message;
use tokio_util::task::TaskTracker;
use tonic::{Response, Status, metadata::MetadataValue};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    Call,
    audited::{Answer, Audited},
    refused::RefusedCall,
    storage_fault,
};

/// The trailer of an answer that was given before.
const REPLAYED: &str = "ehub-replayed";

/// Runs the calls of one service.
#[derive(Debug, Clone)]
pub struct Calls {
    db: Db,
    tasks: TaskTracker,
}

impl Calls {
    /// Calls on the pool that serves calls.
    pub fn new(db: Db) -> Self {
        Self { db, tasks: TaskTracker::new() }
    }

    /// The database the calls run on.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The calls in flight: a draining service waits for them.
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Runs a mutation once for its request id; a repeated call gets what was answered then.
    pub async fn mutate<W, M>(
        &self,
        call: Call,
        request_id: Uuid,
        work: W,
        render: fn(&W::Output) -> M,
    ) -> Result<Response<M>, Status>
    where
        W: Work + 'static,
        W::Output: Sync,
        W::Error: Into<Fault>,
        M: Message + Default + 'static,
    {
        self.spawned(call, Some(request_id), work, render).await
    }

    /// Runs a read; its audit event is written before the answer or the read fails.
    pub async fn read<W, M>(&self, call: Call, work: W, render: fn(&W::Output) -> M) -> Result<Response<M>, Status>
    where
        W: Work + 'static,
        W::Output: Sync,
        W::Error: Into<Fault>,
        M: Message + Default + 'static,
    {
        self.spawned(call, None, work, render).await
    }

    /// Records the refusal of a call that was refused before its work began, and gives the status.
    pub async fn refuse(&self, call: Call, fault: Fault) -> Status {
        self.refuse_as(call, None, fault).await
    }

    /// The same for a mutation whose request id is known: the event tells of that request.
    pub async fn refuse_mutation(&self, call: Call, request_id: Uuid, fault: Fault) -> Status {
        self.refuse_as(call, Some(request_id), fault).await
    }

    async fn refuse_as(&self, call: Call, request_id: Option<Uuid>, fault: Fault) -> Status {
        let calls = self.clone();
        let task = self.tasks.spawn(async move { calls.record(&call, request_id, fault).await }.in_current_span());
        task.await.unwrap_or_else(|ended| broken(&ended))
    }

    /// Runs something in a task that a caller who goes away cannot drop. For acts of more than one
    /// transaction.
    pub async fn detached<T: Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, Status>> + Send + 'static,
    ) -> Result<T, Status> {
        self.tasks.spawn(act.in_current_span()).await.map_err(|ended| broken(&ended))?
    }

    /// Runs a mutation in the current task: for acts of more than one transaction, inside
    /// [`Calls::detached`]. Gives the answer and whether it was given before.
    pub async fn mutate_here<W, M>(
        &self,
        call: &Call,
        request_id: Option<Uuid>,
        work: &W,
        render: fn(&W::Output) -> M,
    ) -> Result<(M, bool), Status>
    where
        W: Work,
        W::Output: Sync,
        W::Error: Into<Fault>,
        M: Message + Default,
    {
        let audited = Audited { call, request_id, work, render };
        let scope = call.scope();
        let scope = match request_id {
            Some(request_id) => audited.key(request_id).in_turn(scope),
            None => scope,
        };
        match self.db.run(&scope, &audited).await {
            Ok(Answer::Fresh(answer)) => Ok((answer, false)),
            Ok(Answer::Replayed(answer)) => Ok((answer, true)),
            Err(refusal) => Err(self.record(call, request_id, refusal.into_fault()).await),
        }
    }

    async fn spawned<W, M>(
        &self,
        call: Call,
        request_id: Option<Uuid>,
        work: W,
        render: fn(&W::Output) -> M,
    ) -> Result<Response<M>, Status>
    where
        W: Work + 'static,
        W::Output: Sync,
        W::Error: Into<Fault>,
        M: Message + Default + 'static,
    {
        let calls = self.clone();
        let act = async move {
            // A bug that panics is a refusal like any other: audited, and answered INTERNAL.
            match AssertUnwindSafe(calls.mutate_here(&call, request_id, &work, render)).catch_unwind().await {
                Ok(done) => done,
                Err(_) => Err(calls.record(&call, request_id, Fault::internal(&Panicked)).await),
            }
        };
        let (answer, replayed) = self.detached(act).await?;
        Ok(respond(answer, replayed))
    }

    /// Writes the audit event of a refusal in a transaction of its own. A refusal that cannot be recorded is not told:
    /// whoever asked is told to ask again.
    async fn record(&self, call: &Call, request_id: Option<Uuid>, fault: Fault) -> Status {
        let refused = RefusedCall { call, request_id, reason: fault.reason() };
        // Without the caller's deadline: a call that came too late is recorded too.
        let scope = Scope { deadline: None, ..call.scope() };
        match self.db.run(&scope, &refused).await {
            Ok(()) => fault.into_status(),
            Err(error) => unrecorded(&error),
        }
    }
}

/// The answer in place of one that could not be recorded.
pub(crate) fn unrecorded(error: &StorageError) -> Status {
    tracing::error!(error = error as &dyn std::error::Error, "a refusal could not be recorded");
    if error.is_passing() { storage_fault(error).into_status() } else { Fault::internal(error).into_status() }
}

/// The response of an answer, marked when it was given before.
pub(crate) fn respond<M>(answer: M, replayed: bool) -> Response<M> {
    let mut response = Response::new(answer);
    if replayed {
        response.metadata_mut().insert(REPLAYED, MetadataValue::from_static("true"));
    }
    response
}

/// A task of ours panicked. What it said stays out: it may name a patient.
#[derive(Debug, thiserror::Error)]
#[error("the task of a call panicked")]
struct Panicked;

pub(crate) fn broken(ended: &tokio::task::JoinError) -> Status {
    if ended.is_panic() { Fault::internal(&Panicked).into() } else { stopping().into() }
}

/// The service is on its way down; another replica, or the next start, will answer.
pub fn stopping() -> Fault {
    Fault::unavailable("STOPPING", "the service is stopping")
}
