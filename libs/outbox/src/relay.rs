//! Delivers the outbox to subscribers: reads behind the cursors, sends, settles.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use ehub_postgres::{Db, StorageError};
use ehub_proto::{
    internal::v1::{DeliverRequest, Event, Verdict},
    timestamp,
};
use ehub_telemetry::{
    metrics::{Counter, Gauge, Histogram, counter, gauge, histogram},
    quiet_span,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    SKIPPED, Subscriber,
    ahead::Ahead,
    held,
    read::{self, Row},
    round::{Round, RoundError, Waiting},
    settle::{Before, Settle},
    verdicts::{Fate, fates},
};

/// How long a relay keeps its cursors without renewing: after a crash another waits this long. Longer than any round of a
/// relay that is well, and it renews three times as often.
const LEASE_SECONDS: f64 = 6.0;
/// How many events of one group, or of one held stream, go in a batch.
const BATCH: i64 = 50;
/// How many bytes of events behind the cursors, and again of held streams, go in a batch, one event
/// more at most: together they stay below the 4 MiB that a server takes.
const BATCH_BYTES: usize = 1 << 20;
/// What an event weighs beside its body, at most.
const ENVELOPE_BYTES: usize = 512;
/// A round that read as much as it may of any group is followed by the next at once, others by what gathers in this time: a
/// round costs the same whether it carries one event or fifty.
const GATHER: Duration = Duration::from_millis(20);
/// What every call leaves.
const ACCESS_RECORDED: &str = "ehub.audit.event.v1.AccessRecorded";
/// The longest wait between tries at a subscriber that does not answer.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

static HELD_STREAMS: Gauge = gauge(
    "ehub.outbox.streams",
    "{stream}",
    "Streams that wait for a subscriber, by state: held back, dead letters, or ahead of what was ever said here.",
);
static BACKLOG_AGE: Gauge =
    gauge("ehub.outbox.backlog.age", "s", "Age of the oldest event a subscriber has not had; 0 when it has all.");
static DELIVERIES: Counter = counter("ehub.outbox.deliveries", "{delivery}", "Attempts to deliver, by how they ended.");
static LAG: Histogram = histogram(
    "ehub.outbox.publish.lag",
    "s",
    "Time from the commit of an event to its delivery.",
    &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0],
);

/// How the relay works.
#[derive(Debug, Clone, Copy)]
pub struct RelaySettings {
    /// How often it looks when nothing wakes it.
    pub poll: Duration,
    /// How often a subscriber is told that nothing is waiting.
    pub heartbeat: Duration,
}

/// Delivers the outbox of one service to all its subscribers.
pub struct Relay {
    db: Db,
    source: &'static str,
    settings: RelaySettings,
    subscribers: Vec<Subscriber>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay on the work role's pool.
    pub fn new(db: Db, source: &'static str, settings: RelaySettings, subscribers: Vec<Subscriber>) -> Self {
        Self { db, source, settings, subscribers }
    }

    /// Runs until told to stop, one loop for each subscriber; gives its leases back at the end.
    pub async fn run(self, stop: CancellationToken) {
        let loops = self.subscribers.into_iter().map(|subscriber| {
            let courier = Courier {
                lease: self.db.clock().uuid_v7(),
                db: self.db.clone(),
                source: self.source,
                settings: self.settings,
                subscriber,
            };
            courier.run(stop.clone())
        });
        futures_util::future::join_all(loops).await;
    }
}

/// Serves one subscriber.
struct Courier {
    db: Db,
    source: &'static str,
    settings: RelaySettings,
    subscriber: Subscriber,
    lease: Uuid,
}

/// What a courier remembers from round to round.
#[derive(Debug, Default)]
struct State {
    /// Whether the cursors are there.
    ready: bool,
    /// When the lease was taken or kept.
    leased: Option<Instant>,
    /// When the subscriber was last told that it has everything.
    beaten: Option<Instant>,
    /// How often the batch was halved: one that takes longer than a call may would be sent for ever.
    halved: u32,
    /// Where the subscriber has heard more than was said.
    ahead: Ahead,
}

impl Courier {
    async fn run(self, stop: CancellationToken) {
        // Records of access concern audit alone; the cursors of the others pass them when something else comes, or in time.
        let (name, reads) = (self.subscriber.name, self.subscriber.reads);
        let mut raised = self.db.raised(move |kind| kind != ACCESS_RECORDED || reads(name, kind));
        let mut backoff = Duration::from_millis(100);
        let mut state = State::default();
        let mut woken = false;
        while !stop.is_cancelled() {
            // What woke it may be out of sight yet, behind an older transaction: it is looked for once more.
            let looked_for = std::mem::take(&mut woken);
            let pause = match self.round(&mut state).await {
                Ok(Round::Idle) => {
                    backoff = Duration::from_millis(100);
                    if looked_for { GATHER } else { self.settings.poll }
                }
                Ok(round) => {
                    backoff = Duration::from_millis(100);
                    state.halved = state.halved.saturating_sub(1);
                    if round == Round::Full {
                        continue;
                    }
                    GATHER
                }
                Err(error) => {
                    let status = if let RoundError::Deliver(status) = &error { status.code() } else { tonic::Code::Ok };
                    if let RoundError::Ahead(_) = error {
                        // Going on would drop new facts as duplicates of lost ones: a person has to recover first.
                        tracing::error!(subscriber = self.subscriber.name, %error, "deliveries stand still");
                    } else {
                        tracing::warn!(subscriber = self.subscriber.name, %error, ?status, "delivery failed; trying again");
                        state.halved = (state.halved + 1).min(5);
                    }
                    state.leased = None;
                    state.ahead = Ahead::default();
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                    backoff
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
                // A failing subscriber is not tried more often because more is raised.
                () = raised.changed(), if pause == self.settings.poll => woken = true,
            }
        }
        if let Err(error) = read::release(&self.db, self.subscriber.name, self.lease).await {
            tracing::warn!(subscriber = self.subscriber.name, %error, "leases not given back; they will expire");
        }
    }

    async fn round(&self, state: &mut State) -> Result<Round, RoundError> {
        let name = self.subscriber.name;
        let now = self.db.clock().monotonic();
        if !state.ready {
            read::ensure_cursors(&self.db, name).await?;
            state.ready = true;
        }
        if state.leased.is_none_or(|at| (now - at).as_secs_f64() > LEASE_SECONDS / 3.0) {
            if read::lease(&self.db, name, self.lease, LEASE_SECONDS).await? == 0 {
                state.ahead = Ahead::default();
                self.hand_over();
                return Ok(Round::Idle);
            }
            state.leased = Some(now);
        }
        // The order matters: a row that the cursor passes because its stream is held is in the
        // stream's rows, which are read after.
        let limit = BATCH >> state.halved;
        let rows = read::after_cursors(&self.db, name, self.lease, limit).await?;
        let waiting = self.waiting().await?;
        let read = rows.len();
        let mut round = Round::of(&rows, &waiting, limit);
        if rows.is_empty() || !waiting.is_empty() {
            self.report_held().await?;
        }
        if round != Round::Idle {
            let rows = self.fitting(rows);
            if rows.len() < read {
                round = Round::Full;
            }
            self.deliver(state, rows, waiting).await?;
        } else if !state.ahead.is_level() {
            // Put right, with nothing to send that would show it.
            self.look(state, &[], &[]).await?;
        }
        // Due after deliveries too: a subscriber that is always busy must not look forgotten.
        if state.beaten.is_none_or(|at| now - at >= self.settings.heartbeat)
            && self.beat().instrument(quiet_span("heartbeat")).await?
        {
            state.beaten = Some(now);
        }
        Ok(round)
    }

    /// The held streams that are due, with what waits in them, as much as fits in a batch.
    async fn waiting(&self) -> Result<Vec<Waiting>, StorageError> {
        let mut room = BATCH_BYTES;
        let mut waiting = Vec::new();
        for held in held::due(&self.db, self.subscriber.name, self.lease).await? {
            if room == 0 {
                break;
            }
            let mut rows = held::rows(&self.db, self.subscriber.name, &held, BATCH).await?;
            let read = rows.len();
            rows.truncate(self.fit(&rows, &mut room));
            let all = rows.len() == read && i64::try_from(read).unwrap_or(i64::MAX) < BATCH;
            waiting.push(Waiting { held, rows, before: if all { Before::HeldAll } else { Before::HeldMore } });
        }
        Ok(waiting)
    }

    /// As many rows as fit in a batch, in the order of the cursors: what is left comes next time.
    fn fitting(&self, mut rows: Vec<Row>) -> Vec<Row> {
        rows.sort_by_key(Row::position);
        let mut room = BATCH_BYTES;
        rows.truncate(self.fit(&rows, &mut room));
        rows
    }

    /// How many rows fit in the room that is left, and one that exceeds it.
    fn fit(&self, rows: &[Row], room: &mut usize) -> usize {
        let fitting = rows.iter().take_while(|row| {
            let some = *room > 0;
            let body = if self.subscriber.has_body(row) { row.body.len() } else { 0 };
            *room = room.saturating_sub(body + ENVELOPE_BYTES);
            some
        });
        fitting.count()
    }

    /// Tells the subscriber until when it has everything, if that can be said; tells whether it was.
    async fn beat(&self) -> Result<bool, RoundError> {
        let looked = self.db.clock().now();
        let Some(until) = read::delivered_until(&self.db, self.subscriber.name, self.lease, looked).await? else {
            return Ok(false);
        };
        BACKLOG_AGE.set((looked - until).as_seconds_f64().max(0.0), &[("ehub.destination", self.subscriber.name)]);
        let batch = self.batch(Vec::new(), until).await?;
        self.subscriber.transport.deliver(batch).await.map_err(|status| RoundError::Deliver(Box::new(status)))?;
        Ok(true)
    }

    /// Another relay tells of this subscriber from now on: what was told last is not to stand for ever.
    fn hand_over(&self) {
        BACKLOG_AGE.set(0.0, &[("ehub.destination", self.subscriber.name)]);
        for state in ["held", "dead", "ahead"] {
            HELD_STREAMS.set(0.0, &[("ehub.destination", self.subscriber.name), ("ehub.state", state)]);
        }
    }

    /// Streams held back and dead letters, as gauges: somebody owns each of them.
    async fn report_held(&self) -> Result<(), StorageError> {
        let (held, dead) = held::counts(&self.db, self.subscriber.name).await?;
        for (state, count) in [("held", held - dead), ("dead", dead)] {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            HELD_STREAMS.set(count as f64, &[("ehub.destination", self.subscriber.name), ("ehub.state", state)]);
        }
        Ok(())
    }

    async fn deliver(&self, state: &mut State, rows: Vec<Row>, waiting: Vec<Waiting>) -> Result<(), RoundError> {
        let mut cursors: HashMap<i16, (u64, i64)> = HashMap::new();
        for row in &rows {
            let furthest = cursors.entry(row.shard_group).or_default();
            *furthest = row.position().max(*furthest);
        }
        let mut events: Vec<Row> = rows.into_iter().filter(|row| !row.held && self.subscriber.concerns(row)).collect();
        let mut before: HashMap<Uuid, Before> = HashMap::new();
        let mut emptied = Vec::new();
        for stream in waiting {
            before.insert(stream.held.stream, stream.before);
            if stream.rows.is_empty() {
                // Everything was delivered, and nothing has come since.
                emptied.push((stream.held.stream, Fate::Applied(stream.held.version - 1)));
            }
            events.extend(stream.rows);
        }
        // The cursor's order is that of transaction ids, which is not that of versions.
        events.sort_by_key(|row| (row.stream, row.version));
        let mut fates = self.send(state, events).await?;
        fates.extend(emptied);
        let settle = Settle {
            subscriber: self.subscriber.name.to_owned(),
            lease: self.lease,
            cursors: cursors.into_iter().map(|(group, (xid, id))| (group, xid.to_string(), id)).collect(),
            fates: fates
                .into_iter()
                .map(|(stream, fate)| (stream, (fate, before.get(&stream).copied().unwrap_or(Before::Flowing))))
                .collect(),
        };
        settle.write(&self.db).await?;
        Ok(())
    }

    /// Sends events in the order of their streams and gives what became of each stream.
    async fn send(&self, state: &mut State, events: Vec<Row>) -> Result<HashMap<Uuid, Fate>, RoundError> {
        if events.is_empty() {
            return Ok(HashMap::new());
        }
        let sent = events.len();
        let keys: Vec<(Uuid, i64)> = events.iter().map(|row| (row.stream, row.version)).collect();
        let times: Vec<_> = events.iter().map(|row| row.at).collect();
        let batch = self.batch(events, self.db.clock().now()).await?;
        let answer = self.subscriber.transport.deliver(batch).await;
        let outcome = if answer.is_ok() { "answered" } else { "failed" };
        DELIVERIES.add(1, &[("ehub.destination", self.subscriber.name), ("ehub.outcome", outcome)]);
        let answer = answer.map_err(|status| RoundError::Deliver(Box::new(status)))?;
        if answer.verdicts.len() != sent {
            return Err(RoundError::Verdicts { sent, got: answer.verdicts.len() });
        }
        let ahead = self.look(state, &keys, &answer.verdicts).await?;
        if ahead > 0 {
            return Err(RoundError::Ahead(ahead));
        }
        let now = self.db.clock().now();
        for at in times {
            LAG.record((now - at).as_seconds_f64().max(0.0), &[("ehub.destination", self.subscriber.name)]);
        }
        Ok(fates(keys, &answer.verdicts))
    }

    /// In how many of the streams just sent the subscriber is ahead; tells in how many it is at all.
    async fn look(&self, state: &mut State, sent: &[(Uuid, i64)], verdicts: &[Verdict]) -> Result<usize, StorageError> {
        let ahead = state.ahead.look(&self.db, self.subscriber.name, sent, verdicts).await?;
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let streams = state.ahead.streams() as f64;
        HELD_STREAMS.set(streams, &[("ehub.destination", self.subscriber.name), ("ehub.state", "ahead")]);
        Ok(ahead)
    }

    async fn batch(&self, rows: Vec<Row>, read_time: time::OffsetDateTime) -> Result<DeliverRequest, StorageError> {
        Ok(DeliverRequest {
            source: self.source.to_owned(),
            incarnation: read::incarnation(&self.db).await?,
            read_time: Some(timestamp(read_time)),
            events: rows
                .into_iter()
                .map(|row| Event {
                    id: row.event.to_string(),
                    stream: row.stream.to_string(),
                    version: row.version,
                    body: if self.subscriber.has_body(&row) { row.body.into() } else { prost::bytes::Bytes::new() },
                    kind: if row.skipped { SKIPPED.to_owned() } else { row.kind },
                    time: Some(timestamp(row.at)),
                    traceparent: row.traceparent.unwrap_or_default(),
                    consultation: row.consultation.map(|id| id.to_string()).unwrap_or_default(),
                })
                .collect(),
        })
    }
}
