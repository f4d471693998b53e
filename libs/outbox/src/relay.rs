//! Delivers the outbox to subscribers: reads behind the cursors, sends, settles.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ehub_postgres::{Db, Scope, StorageError};
use ehub_proto::internal::v1::{DeliverRequest, Event};
use ehub_telemetry::metrics::{Gauge, Histogram, gauge, histogram};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Transport,
    held::{self, Held},
    read::{self, Row},
    settle::{Before, Settle, SettleError},
    verdicts::fates,
};

/// How long a relay keeps its cursors without renewing: after a crash another waits this long.
const LEASE_SECONDS: f64 = 15.0;
/// How many events of one group, or of one held stream, go in a batch.
const BATCH: i64 = 50;
/// The longest wait between tries at a subscriber that does not answer.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

static HELD_STREAMS: Gauge = gauge("ehub.queue.depth", "{message}", "Streams that wait for a subscriber, by state");
static LAG: Histogram = histogram(
    "ehub.outbox.publish.lag",
    "s",
    "Time from the commit of an event to its delivery",
    &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0],
);

/// One service that is told.
#[derive(Clone)]
pub struct Subscriber {
    /// Its name, such as `audit`.
    pub name: &'static str,
    /// The way to it.
    pub transport: Arc<dyn Transport>,
    /// Whether it uses a kind; others come without body, and kinds of their own stream not at all.
    pub uses: fn(&str) -> bool,
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Subscriber").field(&self.name).finish()
    }
}

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

/// Why a round did not end well.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("storage failed")]
    Storage(#[from] StorageError),
    #[error("the outcome could not be settled")]
    Settle(#[from] SettleError),
    #[error("the subscriber did not answer")]
    Deliver(#[source] Box<tonic::Status>),
    #[error("the subscriber judged {got} of {sent} events")]
    Verdicts { sent: usize, got: usize },
}

impl Courier {
    async fn run(self, stop: CancellationToken) {
        let mut raised = self.db.raised();
        let mut backoff = Duration::from_millis(100);
        let mut ready = false;
        let mut last_lease = None;
        let mut last_sent = None;
        while !stop.is_cancelled() {
            let pause = match self.round(&mut ready, &mut last_lease, &mut last_sent).await {
                Ok(0) => {
                    backoff = Duration::from_millis(100);
                    self.settings.poll
                }
                Ok(_) => {
                    backoff = Duration::from_millis(100);
                    continue;
                }
                Err(error) => {
                    let status = if let RoundError::Deliver(status) = &error { status.code() } else { tonic::Code::Ok };
                    tracing::warn!(subscriber = self.subscriber.name, %error, ?status, "delivery failed; trying again");
                    last_lease = None;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                    backoff
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
                // A failing subscriber is not tried more often because more is raised.
                _ = raised.changed(), if pause == self.settings.poll => {}
            }
        }
        if let Err(error) = read::release(&self.db, self.subscriber.name, self.lease).await {
            tracing::warn!(subscriber = self.subscriber.name, %error, "leases not given back; they will expire");
        }
    }

    /// One round; gives how many events were delivered.
    async fn round(
        &self,
        ready: &mut bool,
        last_lease: &mut Option<std::time::Instant>,
        last_sent: &mut Option<std::time::Instant>,
    ) -> Result<usize, RoundError> {
        let now = self.db.clock().monotonic();
        if !*ready {
            read::ensure_cursors(&self.db, self.subscriber.name).await?;
            *ready = true;
        }
        if last_lease.is_none_or(|at| (now - at).as_secs_f64() > LEASE_SECONDS / 3.0) {
            if read::lease(&self.db, self.subscriber.name, self.lease, LEASE_SECONDS).await? == 0 {
                return Ok(0);
            }
            *last_lease = Some(now);
        }
        // The order matters: a row that the cursor passes because its stream is held is in the
        // stream's rows, which are read after.
        let rows = read::after_cursors(&self.db, self.subscriber.name, self.lease, BATCH).await?;
        let mut waiting = Vec::new();
        for held in held::due(&self.db, self.subscriber.name).await? {
            let rows = held::rows(&self.db, &held, BATCH).await?;
            waiting.push((held, rows));
        }
        let quiet = rows.is_empty() && waiting.is_empty();
        if quiet || !waiting.is_empty() {
            self.report_held().await?;
        }
        if quiet && last_sent.is_some_and(|at| now - at < self.settings.heartbeat) {
            return Ok(0);
        }
        let delivered = self.deliver(rows, waiting).await?;
        *last_sent = Some(now);
        Ok(delivered)
    }

    /// Streams held back and dead letters, as gauges: somebody owns each of them.
    async fn report_held(&self) -> Result<(), StorageError> {
        let (held, dead) = held::counts(&self.db, self.subscriber.name).await?;
        for (state, count) in [("held", held - dead), ("dead", dead)] {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            HELD_STREAMS.set(count as f64, &[("ehub.queue", self.subscriber.name), ("ehub.queue.state", state)]);
        }
        Ok(())
    }

    async fn deliver(&self, rows: Vec<Row>, waiting: Vec<(Held, Vec<Row>)>) -> Result<usize, RoundError> {
        let mut cursors: HashMap<i16, (u64, String, i64)> = HashMap::new();
        for row in &rows {
            let xid: u64 = row.xid.parse().unwrap_or(u64::MAX);
            let at = cursors.entry(row.shard_group).or_insert((0, "0".to_owned(), 0));
            if (xid, row.id) > (at.0, at.2) {
                *at = (xid, row.xid.clone(), row.id);
            }
        }
        let mut before: HashMap<Uuid, Before> = HashMap::new();
        let mut events: Vec<Row> = rows.into_iter().filter(|row| !row.held && self.concerns(row)).collect();
        for (held, rows) in waiting {
            let all = i64::try_from(rows.len()).unwrap_or(i64::MAX) < BATCH;
            before.insert(held.stream, if all { Before::HeldAll } else { Before::HeldMore });
            events.extend(rows);
        }
        // The cursor's order is that of transaction ids, which is not that of versions.
        events.sort_by_key(|row| (row.stream, row.version));
        let sent = events.len();
        let keys: Vec<(Uuid, i64)> = events.iter().map(|row| (row.stream, row.version)).collect();
        let times: Vec<_> = events.iter().map(|row| row.at).collect();
        let answer = if sent == 0 && !cursors.is_empty() {
            None
        } else {
            let batch = self.batch(events).await?;
            Some(self.subscriber.transport.deliver(batch).await.map_err(|status| RoundError::Deliver(Box::new(status)))?)
        };
        let now = self.db.clock().now();
        for at in times {
            LAG.record((now - at).as_seconds_f64().max(0.0), &[("ehub.destination", self.subscriber.name)]);
        }
        let verdicts = answer.map(|answer| answer.verdicts).unwrap_or_default();
        if verdicts.len() != sent {
            return Err(RoundError::Verdicts { sent, got: verdicts.len() });
        }
        let fates = fates(keys, &verdicts)
            .into_iter()
            .map(|(stream, fate)| (stream, (fate, before.get(&stream).copied().unwrap_or(Before::Flowing))))
            .collect::<HashMap<_, _>>();
        if cursors.is_empty() && fates.is_empty() {
            return Ok(0);
        }
        let moved = cursors.len();
        let cursors = cursors.into_iter().map(|(group, (_, xid, id))| (group, xid, id)).collect();
        let settle = Settle { subscriber: self.subscriber.name.to_owned(), lease: self.lease, cursors, fates };
        self.db.run(&Scope::work(), &settle).await?;
        Ok(sent.max(moved))
    }

    /// Whether a row goes to this subscriber at all. An event that is a stream of its own goes
    /// only to those who use it: nothing is missing where nothing follows.
    fn concerns(&self, row: &Row) -> bool {
        row.stream != row.event || (self.subscriber.uses)(&row.kind)
    }

    async fn batch(&self, rows: Vec<Row>) -> Result<DeliverRequest, StorageError> {
        let now = self.db.clock().now();
        Ok(DeliverRequest {
            source: self.source.to_owned(),
            incarnation: read::incarnation(&self.db).await?,
            read_time: Some(timestamp(now)),
            events: rows
                .into_iter()
                .map(|row| Event {
                    id: row.event.to_string(),
                    stream: row.stream.to_string(),
                    version: row.version,
                    body: if (self.subscriber.uses)(&row.kind) { row.body.into() } else { prost::bytes::Bytes::new() },
                    kind: row.kind,
                    time: Some(timestamp(row.at)),
                    traceparent: row.traceparent.unwrap_or_default(),
                    consultation: row.consultation.map(|id| id.to_string()).unwrap_or_default(),
                })
                .collect(),
        })
    }
}

fn timestamp(at: time::OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.unix_timestamp(),
        // Always below 10^9.
        nanos: i32::try_from(at.nanosecond()).unwrap_or(0),
    }
}
