//! Watch, level-triggered: the inbox as it stands, then what differs from what was sent. Looks
//! are cheap and read ids and versions only; what is sent is read in one audited read for each batch.

use std::collections::HashMap;

use ehub_calls::{Call, stopping};
use ehub_faults::Fault;
use ehub_identifiers::ConsultationId;
use ehub_proto::{
    allocation::v1::{Heartbeat, Reset, WatchResponse, watch_response::Change},
    timestamp,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use uuid::Uuid;

use crate::{
    operations::{
        held::Actor,
        list_inbox::{Inbox, InboxItems, InboxVersions},
    },
    rpc::{AllocationRpc, stored},
};

/// How many messages may wait for a slow reader before we wait for it.
const BUFFER: usize = 64;
/// The least time between two looks, however often something happens.
const LEAST_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);
/// When this share of the inbox or more has gone at once, it is sent afresh.
const RESET_ABOVE: usize = 200;

type Sender = mpsc::Sender<Result<WatchResponse, Status>>;

/// Why a watch ends.
enum End {
    /// The reader has gone.
    Gone,
    /// With a last word.
    With(Status),
}

struct Watching {
    rpc: AllocationRpc,
    call: Call,
    inbox: Inbox,
    sender: Sender,
    known: HashMap<Uuid, i64>,
}

impl AllocationRpc {
    /// Begins a watch; the stream ends with UNAVAILABLE on shutdown and UNAUTHENTICATED when the
    /// token expires.
    pub(crate) fn begin_watch(&self, mut call: Call, inbox: Inbox) -> ReceiverStream<Result<WatchResponse, Status>> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        // A deadline for one answer is none for a stream.
        call.deadline = None;
        let watching = Watching { rpc: self.clone(), call, inbox, sender, known: HashMap::new() };
        self.0.calls.tasks().spawn(watching.run());
        ReceiverStream::new(receiver)
    }
}

impl Watching {
    async fn run(mut self) {
        let (stop, reader) = (self.rpc.0.end_streams.clone(), self.sender.clone());
        let clock = self.rpc.0.calls.db().clock().clone();
        let left = std::time::Duration::try_from(self.call.caller.expires_at - clock.now()).unwrap_or_default();
        // Tokens live hours; a far end (tests) must not overflow the timer.
        let expiry = tokio::time::sleep(left.min(std::time::Duration::from_secs(30 * 24 * 3600)));
        let last_word = tokio::select! {
            end = self.follow() => match end {
                End::Gone => None,
                End::With(status) => Some(status),
            },
            () = stop.cancelled() => Some(stopping().into()),
            () = expiry => Some(Fault::unauthenticated("TOKEN_INVALID", "the token is missing or proves nothing").into()),
            () = reader.closed() => None,
        };
        if let Some(status) = last_word {
            // The reader may be gone; then nobody misses it.
            let _ = reader.send(Err(status)).await;
        }
    }

    async fn follow(&mut self) -> End {
        let settings = self.rpc.0.watch.clone();
        let mut raised = self.rpc.0.calls.db().raised(|kind| kind.starts_with("ehub.allocation."));
        let clock = self.rpc.0.calls.db().clock().clone();
        let mut quiet_since = clock.monotonic();
        let mut first = true;
        loop {
            raised.forget();
            match self.look(first).await {
                Ok(true) => quiet_since = clock.monotonic(),
                Ok(false) => {
                    // Half a look early, so that silence never exceeds the promise.
                    if clock.monotonic() - quiet_since + settings.poll.get() >= settings.heartbeat.get() {
                        if let Err(end) = self.beat().await {
                            return end;
                        }
                        quiet_since = clock.monotonic();
                    }
                }
                Err(end) => return end,
            }
            first = false;
            tokio::time::sleep(LEAST_PAUSE).await;
            // A service without events is a service that stops; the timer goes on meanwhile.
            let _ = tokio::time::timeout(settings.poll.get().saturating_sub(LEAST_PAUSE), raised.changed()).await;
        }
    }

    /// Sends what differs from what was sent; tells whether anything did.
    async fn look(&mut self, first: bool) -> Result<bool, End> {
        let rpc = self.rpc.clone();
        let actor = Actor::new(&self.call.caller, self.call.grant.clone());
        let versions = InboxVersions { actor: actor.clone(), inbox: self.inbox, size: rpc.0.watch.items };
        let now: HashMap<Uuid, i64> = match rpc.0.calls.db().run(&self.call.scope(), &versions).await {
            Ok(versions) => versions.into_iter().collect(),
            Err(error) => return Err(End::With(rpc.0.calls.refuse(self.call.clone(), error.into()).await)),
        };
        let gone: Vec<Uuid> = self.known.keys().filter(|id| !now.contains_key(id)).copied().collect();
        if gone.len() >= RESET_ABOVE {
            self.known.clear();
            self.send(Change::Reset(Reset {})).await?;
        } else {
            for id in &gone {
                self.known.remove(id);
                self.send(Change::Gone(ConsultationId::new(*id).name())).await?;
            }
        }
        let changed: Vec<Uuid> = now
            .iter()
            .filter(|(id, version)| self.known.get(id).is_none_or(|known| known < version))
            .map(|(id, _)| *id)
            .collect();
        let anything = first || !gone.is_empty() || !changed.is_empty();
        if first || !changed.is_empty() {
            self.send_items(actor, changed, &now).await?;
        }
        if anything {
            self.beat().await?;
        }
        Ok(anything)
    }

    async fn send_items(&mut self, actor: Actor, ids: Vec<Uuid>, now: &HashMap<Uuid, i64>) -> Result<(), End> {
        let read = InboxItems { actor, ids };
        let calls = self.rpc.0.calls.clone();
        let (mut page, _) = calls.mutate_here(&self.call, None, &read, stored::inbox_page).await.map_err(End::With)?;
        page.items
            .sort_by(|one, two| one.version.cmp(&two.version).then_with(|| one.consultation.cmp(&two.consultation)));
        for item in page.items {
            if let Ok(id) = ConsultationId::parse_name(&item.consultation) {
                // What was read may be newer than what was looked at; never older.
                self.known.insert(id.uuid(), item.version.max(now.get(&id.uuid()).copied().unwrap_or_default()));
            }
            self.send(Change::Item(item)).await?;
        }
        Ok(())
    }

    async fn beat(&self) -> Result<(), End> {
        let time = Some(timestamp(self.rpc.0.calls.db().clock().now()));
        self.send(Change::Heartbeat(Heartbeat { time })).await
    }

    async fn send(&self, change: Change) -> Result<(), End> {
        self.sender.send(Ok(WatchResponse { change: Some(change) })).await.map_err(|_| End::Gone)
    }
}
