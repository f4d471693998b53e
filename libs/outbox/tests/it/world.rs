//! A source, a subscriber that records what it applies, and relays between them.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use ehub_clock::Clock;
use ehub_outbox::{Received, Refusal, Relay, RelaySettings, Sink, Subscriber, Subscription};
use ehub_postgres::{Draft, Scope, StorageError, Tx};
use ehub_test_support::TestDb;
use sqlx::{Executor, PgConnection, migrate::Migrator};
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    act::act,
    wire::{Direct, Wire},
};

static FOUNDATION_ONLY: Migrator = Migrator::DEFAULT;

/// A kind the subscriber applies.
pub const PLAIN: &str = "t.Plain";
/// A kind the subscriber refuses.
pub const POISON: &str = "t.Poison";
/// A kind the subscriber learns later.
pub const LATER: &str = "t.Later";
/// A kind whose application fails in the database, always.
pub const BROKEN: &str = "t.Broken";
/// A kind whose application panics.
pub const PANIC: &str = "t.Panic";
/// A kind whose application waits for the lock that [`World::block`] holds.
pub const BLOCKED: &str = "t.Blocked";
/// A kind that makes the subscriber raise an event of its own.
pub const ECHO: &str = "t.Echo";
/// A kind that the subscriber knows to change nothing with it.
pub const PASSING: &str = "t.Passing";
/// A kind that is not used: header without body, or nothing for a stream of its own.
pub const UNUSED: &str = "t.Unused";

/// Applies events by writing them down.
#[derive(Clone, Default)]
pub struct Recorder {
    /// Kinds it does not know yet.
    pub unknown: Arc<Mutex<HashSet<String>>>,
}

impl Subscription for Recorder {
    fn knows(&self, _: &str, kind: &str) -> bool {
        !self.unknown.lock().expect("whole").contains(kind)
    }

    fn passes(&self, _: &str, kind: &str) -> bool {
        kind == PASSING
    }

    async fn apply(&self, tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
        // In the middle of what is applied it is applied too, and does nothing.
        if event.kind == PASSING {
            return Ok(());
        }
        if event.kind == POISON {
            return Err(Refusal::Never("POISON"));
        }
        if event.kind == BROKEN {
            sqlx::query("select 1 / 0").execute(tx.conn()).await.map_err(StorageError::from)?;
        }
        assert!(event.kind != PANIC, "as asked");
        if event.kind == BLOCKED {
            sqlx::query("select pg_advisory_xact_lock(1)").execute(tx.conn()).await.map_err(StorageError::from)?;
        }
        if event.kind == ECHO {
            tx.raise(self::event(event.stream, PLAIN));
        }
        sqlx::query("insert into public.applied (stream, version, kind, body) values ($1, $2, $3, $4)")
            .bind(event.stream)
            .bind(event.version)
            .bind(&event.kind)
            .bind(&event.body)
            .execute(tx.conn())
            .await
            .map_err(StorageError::from)?;
        Ok(())
    }

    async fn caught_up(&self, tx: &mut Tx, source: &str, read_time: OffsetDateTime) -> Result<(), StorageError> {
        assert_eq!(source, "intake");
        sqlx::query("insert into public.beat (at) values ($1)").bind(read_time).execute(tx.conn()).await?;
        Ok(())
    }
}

/// A source and a subscriber.
pub struct World {
    pub source: TestDb,
    pub target: TestDb,
    pub recorder: Recorder,
}

/// A relay that runs.
pub struct Running {
    pub wire: Arc<Wire>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops it as a service does.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("ends");
    }
}

impl World {
    pub async fn new() -> Self {
        let source = TestDb::create("intake", &FOUNDATION_ONLY, Clock::system()).await;
        let target = TestDb::create("audit", &FOUNDATION_ONLY, Clock::system()).await;
        let mut admin = target.admin().await;
        admin
            .execute(
                "create table public.applied (seq bigint generated always as identity, stream uuid, version bigint, kind text, body bytea); \
                 create table public.beat (at timestamptz); grant select, insert on public.applied, public.beat to ehub_audit_run",
            )
            .await
            .expect("tables");
        Self { source, target, recorder: Recorder::default() }
    }

    pub fn sink(&self) -> Sink<Recorder> {
        Sink::new(self.target.run.clone(), self.recorder.clone())
    }

    /// Starts a relay over a wire.
    pub fn relay_over(&self, wire: Wire) -> Running {
        let wire = Arc::new(wire);
        let transport = Arc::new(Direct { sink: self.sink(), wire: Arc::clone(&wire) });
        let settings = RelaySettings { poll: Duration::from_millis(10), heartbeat: Duration::from_millis(50) };
        let told = Subscriber { name: "audit", transport, reads: |_, kind| kind != UNUSED };
        let relay = Relay::new(self.source.work.clone(), "intake", settings, vec![told]);
        let stop = CancellationToken::new();
        Running { wire, task: tokio::spawn(relay.run(stop.clone())), stop }
    }

    pub fn relay(&self) -> Running {
        self.relay_over(Wire::default())
    }

    /// Commits events in one transaction of the source.
    pub async fn raise(&self, events: &[Draft]) {
        let work = act(|tx| {
            events.iter().cloned().for_each(|event| tx.raise(event));
            Box::pin(async { Ok::<(), StorageError>(()) })
        });
        self.source.run.run(&Scope::service(), &work).await.expect("commits");
    }

    /// What was applied of a stream, in order of application.
    pub async fn applied(&self, stream: Uuid) -> Vec<i64> {
        sqlx::query_scalar("select version from public.applied where stream = $1 order by seq")
            .bind(stream)
            .fetch_all(&mut self.target.admin().await)
            .await
            .expect("reads")
    }

    /// Holds up [`BLOCKED`] for as long as the connection given is kept.
    pub async fn block(&self) -> PgConnection {
        let mut admin = self.target.admin().await;
        admin.execute("select pg_advisory_lock(1)").await.expect("held");
        admin
    }

    /// Waits until a stream was applied exactly so.
    pub async fn until_applied(&self, stream: Uuid, versions: &[i64]) {
        until(async || self.applied(stream).await == versions, "the stream is applied").await;
    }

    /// How a stream is held: version, attempts, dead.
    pub async fn held(&self, stream: Uuid) -> Option<(i64, i32, bool)> {
        held(&mut self.source.admin().await, stream).await
    }

    /// How many events no cursor has passed.
    pub async fn source_behind(&self) -> i64 {
        sqlx::query_scalar(
            "select count(*) from ehub.outbox o join ehub.outbox_cursor c \
               on c.shard_group = o.shard_group and (o.xid, o.id) > (c.xid, c.id)",
        )
        .fetch_one(&mut self.source.admin().await)
        .await
        .expect("reads")
    }

    /// How many seconds from now a held stream is tried again.
    pub async fn pause(&self, stream: Uuid) -> f64 {
        sqlx::query_scalar("select extract(epoch from next_at - now())::float8 from ehub.outbox_held where stream = $1")
            .bind(stream)
            .fetch_one(&mut self.source.admin().await)
            .await
            .expect("reads")
    }

    /// Waits until a stream is held so.
    pub async fn until_held(&self, stream: Uuid, expected: Option<(i64, i32, bool)>) {
        until(async || self.held(stream).await == expected, "the stream is held as expected").await;
    }
}

async fn held(admin: &mut PgConnection, stream: Uuid) -> Option<(i64, i32, bool)> {
    sqlx::query_as("select version, attempts, dead from ehub.outbox_held where stream = $1")
        .bind(stream)
        .fetch_optional(admin)
        .await
        .expect("reads")
}

/// Waits, a minute at most, until something is so: a machine that builds beside the tests is slow.
pub async fn until(so: impl AsyncFn() -> bool, what: &str) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "a minute passed and not yet: {what}");
}

/// An event of a consultation's stream.
pub fn event(stream: Uuid, kind: &'static str) -> Draft {
    Draft { stream: Some(stream), kind, body: vec![1, 2, 3], consultation: Some(stream) }
}

/// An event of the register: it concerns no consultation.
pub fn register(stream: Uuid, kind: &'static str) -> Draft {
    Draft { consultation: None, ..event(stream, kind) }
}

/// An event that is a stream of its own.
pub fn single(kind: &'static str) -> Draft {
    Draft { stream: None, kind, body: vec![9], consultation: None }
}
