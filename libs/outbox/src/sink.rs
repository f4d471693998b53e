//! The receiving end: every event once, in the order of its stream.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_proto::{
    instant,
    internal::v1::{DeliverRequest, DeliverResponse, Event, Outcome, Verdict, event_sink_server::EventSink},
};
use ehub_telemetry::metrics::{Counter, counter};
use futures_util::{FutureExt as _, StreamExt as _};
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    SKIPPED,
    apply::{ApplyChunk, Chunk, Run},
};

static VERDICTS: Counter = counter("ehub.inbox.events", "{event}", "Events delivered here, by source and verdict.");

/// How many transactions of one batch run at once.
const AT_ONCE: usize = 6;
/// How many streams go into one transaction: their consultations stay locked until it ends.
const STREAMS_TOGETHER: usize = 8;
/// How many streams that pass, or loners, go into one transaction.
const TOGETHER: usize = 64;

/// What a service does with the events of others.
pub trait Subscription: Send + Sync + 'static {
    /// Whether this version of the service understands a kind from a source. One it does not
    /// understand waits, with an alarm, until it does.
    fn knows(&self, source: &str, kind: &str) -> bool;

    /// Applies one event. Must refuse before it writes: what was written before a refusal stays.
    /// Events of one source and stream come in order; across sources in any order.
    fn apply(&self, tx: &mut Tx, event: &Received) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Whether an event of this kind changes nothing here: that it came is noted, many streams in a transaction, and
    /// nothing is applied.
    fn passes(&self, _source: &str, _kind: &str) -> bool {
        false
    }

    /// Whether applying an event of this kind twice is the same as once, without help. Such events,
    /// when each is a stream of its own, are applied many in a transaction and leave no trace in
    /// the inbox: there may be millions of them.
    fn dedupes(&self, _kind: &str) -> bool {
        false
    }

    /// A source says that everything committed before a time was delivered, but for consultations
    /// whose stream waits.
    fn caught_up(
        &self,
        tx: &mut Tx,
        source: &str,
        read_time: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;
}

/// An event as it is applied.
#[derive(Debug, Clone)]
pub struct Received {
    /// The service it comes from.
    pub source: String,
    /// The life of its database.
    pub incarnation: i64,
    /// Its id.
    pub id: Uuid,
    /// Its stream.
    pub stream: Uuid,
    /// Its version in the stream.
    pub version: i64,
    /// Full protobuf name of the body.
    pub kind: String,
    /// The body; empty when the source knows that this service does not use the kind.
    pub body: Vec<u8>,
    /// When it became true.
    pub at: OffsetDateTime,
    /// Where it came from, for links.
    pub traceparent: Option<String>,
    /// The consultation it concerns.
    pub consultation: Option<Uuid>,
}

/// Why an event was not applied.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It can never be applied; the reason is a constant.
    #[error("the event cannot be applied: {0}")]
    Never(&'static str),
    /// Something it needs has not come yet; it is sent again.
    #[error("the event has to wait: {0}")]
    NotYet(&'static str),
    /// Storage failed; the whole batch is sent again.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

/// Serves `EventSink` for a service.
#[derive(Debug, Clone)]
pub struct Sink<S> {
    db: Db,
    subscription: Arc<S>,
}

impl<S: Subscription> Sink<S> {
    /// A sink on the pool that serves calls.
    pub fn new(db: Db, subscription: S) -> Self {
        Self { db, subscription: Arc::new(subscription) }
    }

    async fn take(&self, request: DeliverRequest) -> Result<DeliverResponse, Status> {
        let mut events = Vec::with_capacity(request.events.len());
        for event in &request.events {
            events.push(parse(&request, event)?);
        }
        let mut judging = futures_util::stream::iter(self.chunks(&events))
            .map(|(kind, runs)| {
                let chunk = runs.iter().map(|places| Run::of(places.iter().map(|place| events[*place].clone())));
                let chunk: Vec<Run> = chunk.collect();
                async move { self.judge(kind, chunk).await.map(|verdicts| (runs.concat(), verdicts)) }
            })
            .buffer_unordered(AT_ONCE);
        let (mut verdicts, mut later) = (vec![Verdict::default(); events.len()], Later::default());
        while let Some(judged) = judging.next().await {
            let Some((places, judged)) = later.unless(judged).map_err(unavailable)? else { continue };
            for (place, verdict) in places.into_iter().zip(judged) {
                VERDICTS.add(
                    1,
                    &[("ehub.event.source", request.source.as_str()), ("ehub.outcome", word(verdict.outcome()))],
                );
                verdicts[place] = verdict;
            }
        }
        later.none().map_err(unavailable)?;
        if events.is_empty() {
            let read_time = request.read_time.as_ref().and_then(instant);
            if let Some(read_time) = read_time {
                let beat = CaughtUp { subscription: Arc::clone(&self.subscription), source: request.source, read_time };
                self.db.run(&Scope::service(), &beat).await.map_err(unavailable)?;
            }
        }
        Ok(DeliverResponse { verdicts })
    }

    /// How a batch is cut into transactions, and those into runs. Whoever locks several consultations locks them in the
    /// order of their ids.
    fn chunks(&self, events: &[Received]) -> Vec<(Chunk, Vec<Vec<usize>>)> {
        let (mut loners, mut others): (Vec<usize>, Vec<usize>) =
            (0..events.len()).partition(|place| self.is_loner(&events[*place]));
        // A stream is one run, however a batch mixes them: what came last is asked once for each.
        others.sort_by_key(|place| events[*place].stream);
        let (passing, mut streams): (Vec<Vec<usize>>, Vec<Vec<usize>>) = others
            .chunk_by(|a, b| events[*a].stream == events[*b].stream)
            .map(<[usize]>::to_vec)
            .partition(|run| run.iter().all(|place| self.passes(&events[*place])));
        streams.sort_by_key(|run| events[run[0]].consultation);
        loners.sort_by_key(|place| events[*place].consultation);
        let streams = streams.chunks(STREAMS_TOGETHER).map(|runs| (Chunk::Streams, runs.to_vec()));
        let passing = passing.chunks(TOGETHER).map(|runs| (Chunk::Passing, vec![runs.concat()]));
        let loners = loners.chunks(TOGETHER).map(|some| (Chunk::Loners, vec![some.to_vec()]));
        streams.chain(passing).chain(loners).collect()
    }

    fn is_loner(&self, event: &Received) -> bool {
        event.stream == event.id && self.subscription.dedupes(&event.kind)
    }

    fn passes(&self, event: &Received) -> bool {
        event.kind != SKIPPED
            && self.subscription.knows(&event.source, &event.kind)
            && self.subscription.passes(&event.source, &event.kind)
    }

    /// The verdicts on a chunk. What fails and will fail again fails alone: its stream waits, with an alarm, and the
    /// others go on.
    async fn judge(&self, kind: Chunk, runs: Vec<Run>) -> Result<Vec<Verdict>, StorageError> {
        let runs: Arc<[Run]> = runs.into();
        if let Some(verdicts) = self.attempt(kind, &runs).await? {
            return Ok(verdicts);
        }
        let smaller: Vec<Run> = match &*runs {
            [run] if run.events.len() == 1 => return Ok(vec![failed()]),
            // One by one, so that those before the one that fails are applied.
            [run] => run.events.iter().map(|event| Run::of([event.clone()])).collect(),
            several => several.to_vec(),
        };
        let (mut verdicts, mut later) = (Vec::new(), Later::default());
        for run in smaller {
            let judged = Box::pin(self.judge(kind, vec![run])).await;
            verdicts.extend(later.unless(judged)?.unwrap_or_default());
        }
        later.none()?;
        Ok(verdicts)
    }

    /// Applies a chunk in a transaction; nothing when it cannot be applied as it is.
    async fn attempt(&self, kind: Chunk, runs: &Arc<[Run]>) -> Result<Option<Vec<Verdict>>, StorageError> {
        let first = &runs[0].events[0];
        let work = ApplyChunk { subscription: Arc::clone(&self.subscription), kind, runs: Arc::clone(runs) };
        let scope = if kind == Chunk::Streams {
            let streams: Vec<Uuid> = runs.iter().map(|run| run.events[0].stream).collect();
            Scope::service().hearing(&first.source, &streams)
        } else {
            Scope::service()
        };
        let error = match AssertUnwindSafe(self.db.run(&scope, &work)).catch_unwind().await {
            Ok(Ok(verdicts)) => return Ok(Some(verdicts)),
            // What passes is tried again, by the relay; but a wait for one stream's lock is not to cost the others theirs.
            Ok(Err(error)) if error.is_passing() && (runs.len() == 1 || error.is_outage()) => return Err(error),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        let error = error.as_ref().map_or(&Panicked as &(dyn std::error::Error + Send + Sync), |error| error);
        let (events, kind) = (runs.iter().map(|run| run.events.len()).sum::<usize>(), first.kind.as_str());
        if events == 1 {
            let _entered = runs[0].span.enter();
            tracing::error!(
                error = error as &dyn std::error::Error,
                kind,
                "an event cannot be applied; its stream waits"
            );
        } else {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                events,
                "events cannot be applied together; trying fewer"
            );
        }
        Ok(None)
    }
}

/// What cannot be judged now, though the database is there: the others go on, and then all are sent again. More than one is
/// no trouble of a stream any more: then nobody is made to wait for the next.
#[derive(Default)]
struct Later(Option<StorageError>);

impl Later {
    fn unless<T>(&mut self, judged: Result<T, StorageError>) -> Result<Option<T>, StorageError> {
        match judged {
            Ok(judged) => Ok(Some(judged)),
            Err(error) if error.is_outage() || self.0.is_some() => Err(error),
            Err(error) => {
                self.0 = Some(error);
                Ok(None)
            }
        }
    }

    fn none(self) -> Result<(), StorageError> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Applying an event panicked; what it said stands in the log.
#[derive(Debug, thiserror::Error)]
#[error("applying an event panicked")]
struct Panicked;

/// The verdict on an event that cannot be applied though nothing refuses it.
fn failed() -> Verdict {
    Verdict { outcome: Outcome::NotYet.into(), reason: "FAILED".to_owned(), ..Verdict::default() }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Duplicate => "duplicate",
        Outcome::NotYet => "not_yet",
        Outcome::Refused => "refused",
        Outcome::Unspecified => "none",
    }
}

#[tonic::async_trait]
impl<S: Subscription> EventSink for Sink<S> {
    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverResponse>, Status> {
        // Spawned, so that a caller that goes away never drops a transaction half way.
        let sink = Self { db: self.db.clone(), subscription: Arc::clone(&self.subscription) };
        let task = tokio::spawn(async move { sink.take(request.into_inner()).await }.in_current_span());
        task.await.map_err(|_| stopped())?.map(Response::new)
    }
}

/// Notes that a source has nothing waiting.
struct CaughtUp<S> {
    subscription: Arc<S>,
    source: String,
    read_time: OffsetDateTime,
}

impl<S: Subscription> Work for CaughtUp<S> {
    const NAME: &'static str = "caught_up";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        self.subscription.caught_up(tx, &self.source, self.read_time).await
    }
}

fn parse(request: &DeliverRequest, event: &Event) -> Result<Received, Status> {
    let uuid = |text: &str| Uuid::parse_str(text).map_err(|_| malformed());
    let at = event.time.as_ref().ok_or_else(malformed)?;
    Ok(Received {
        source: request.source.clone(),
        incarnation: request.incarnation,
        id: uuid(&event.id)?,
        stream: uuid(&event.stream)?,
        version: event.version,
        kind: event.kind.clone(),
        body: event.body.to_vec(),
        at: instant(at).ok_or_else(malformed)?,
        traceparent: Some(event.traceparent.clone()).filter(|text| !text.is_empty()),
        consultation: if event.consultation.is_empty() { None } else { Some(uuid(&event.consultation)?) },
    })
}

fn malformed() -> Status {
    ehub_faults::Fault::new(tonic::Code::InvalidArgument, "server.ehub", "INVALID_FIELDS", "an envelope cannot be read")
        .into()
}

fn stopped() -> Status {
    ehub_faults::Fault::unavailable("STOPPING", "the service is stopping").into()
}

fn unavailable(error: StorageError) -> Status {
    tracing::warn!(error = &error as &dyn std::error::Error, "events not applied");
    ehub_faults::Fault::unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached").into()
}
