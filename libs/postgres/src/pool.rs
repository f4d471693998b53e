//! The pool, and the only place where a transaction begins.

use std::time::Duration;

use ehub_clock::Clock;
use ehub_telemetry::{
    metrics::{self, Counter, Histogram, QUERY_BUCKETS, counter, histogram},
    transaction_span,
};
use sqlx::{ConnectOptions as _, Connection, postgres::PgConnectOptions};
use tracing::Instrument;

use crate::{
    DatabaseConfig, Raised, Role, Scope, StorageError, Tx, Work,
    bell::Bell,
    connections::{Connections, Lent},
    opening,
};

/// How often a unit of work is run again after a collision.
const ATTEMPTS: u32 = 5;

static TRANSACTIONS: Histogram = histogram(
    "ehub.db.transaction.duration",
    "s",
    "How long units of work took, collisions and the wait for a connection included.",
    QUERY_BUCKETS,
);
static COLLISIONS: Counter =
    counter("ehub.db.transaction.collisions", "{collision}", "Transactions that collided and were run again.");

/// A service's database, through one of its roles.
#[derive(Debug, Clone)]
pub struct Db {
    connections: Connections,
    clock: Clock,
    bell: Bell,
}

impl Db {
    /// A pool for one role. Connects when first used; [`Db::check`] tells whether it can.
    pub fn open(config: &DatabaseConfig, role: Role, clock: Clock) -> Result<Self, StorageError> {
        let (url, connections) = match role {
            Role::Run => (&config.run_url, config.run_connections),
            Role::Work => (&config.work_url, config.work_connections),
        };
        let options: PgConnectOptions = url.reveal().parse().map_err(StorageError::Sql)?;
        // Whatever the server is set to: a statement that fails must not leave its parameters in the server's log.
        // Nor in ours: the driver writes out statements it finds slow, and some of ours carry their values inside.
        // And no statement is compiled: they are short, and compiling one that looks costly took a second (PostgreSQL 15).
        // Nor is a table read from end to end where an index leads: a plan made while it held twenty rows is kept, and
        // read all of it again and again when it held thousands. Work that wants all of a table says so.
        let settings = [("log_parameter_max_length_on_error", "0"), ("jit", "off"), ("enable_seqscan", "off")];
        let options = options.options(settings).disable_statement_logging();
        let connections = Connections::new(options, connections, config.acquire_timeout.get(), clock.clone());
        Ok(Self { connections, clock, bell: Bell::new() })
    }

    /// The same database through another role, telling the same listeners when events are raised.
    pub fn open_beside(&self, config: &DatabaseConfig, role: Role) -> Result<Self, StorageError> {
        let mut beside = Self::open(config, role, self.clock.clone())?;
        beside.bell = self.bell.clone();
        Ok(beside)
    }

    /// Tells when transactions of this process have raised events of the kinds that are wanted, or left work of such a
    /// name: wakes relays and workers.
    pub fn raised(&self, wanted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Raised {
        self.bell.listen(wanted)
    }

    /// A connection for a statement of `libs/outbox` that needs no transaction.
    pub async fn lend(&self) -> Result<Lent, StorageError> {
        self.connections.lend().await
    }

    /// The clock and id source that transactions use.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs a unit of work in a transaction of its own, again when it collides with another.
    pub async fn run<W: Work>(&self, scope: &Scope, work: &W) -> Result<W::Output, W::Error> {
        let begun = self.clock.monotonic();
        let done = async {
            let mut attempt = 1;
            loop {
                match self.attempt(scope, work).await {
                    Err(error) if attempt < ATTEMPTS && collided(&error) => {
                        tracing::debug!(transaction = W::NAME, attempt, "collision; running again");
                        COLLISIONS.add(1, &[("ehub.db.transaction", W::NAME)]);
                        // Spread the second try; 1–16 ms by attempt and randomness.
                        let [jitter] = self.clock.random::<1>();
                        tokio::time::sleep(Duration::from_millis(u64::from(jitter % 8) + u64::from(attempt) * 2)).await;
                        attempt += 1;
                    }
                    done => return done,
                }
            }
        }
        .instrument(transaction_span(W::NAME))
        .await;
        let failed = done.as_ref().err().and_then(|error| StorageError::within(error));
        let outcome = match (&done, failed) {
            (Ok(_), _) => "committed",
            (Err(_), Some(failed)) => failed.class(),
            (Err(_), None) => "refused",
        };
        let state = failed.and_then(StorageError::sqlstate);
        let about = [
            ("ehub.db.transaction", W::NAME),
            ("ehub.outcome", outcome),
            ("db.response.status_code", state.as_deref().unwrap_or_default()),
        ];
        let about = if state.is_some() { &about[..] } else { &about[..2] };
        TRANSACTIONS.record((self.clock.monotonic() - begun).as_secs_f64(), about);
        done
    }

    async fn attempt<W: Work>(&self, scope: &Scope, work: &W) -> Result<W::Output, W::Error> {
        let mut conn = self.connections.lend().await?;
        // A beginning that fails, or is dropped, leaves nobody knows what: the connection goes with it.
        let opened = opening::open(&mut conn, scope, &self.clock).await?;
        // What is raised in a call, a delivery or a job continues the span it is raised in.
        let traceparent = scope.traceparent.clone().or_else(ehub_telemetry::current_traceparent);
        let mut tx = Tx::new(conn, self.clock.clone(), opened, traceparent);
        match work.run(&mut tx).await {
            Ok(output) => {
                self.bell.ring(&tx.commit().await?);
                Ok(output)
            }
            Err(error) => {
                tx.roll_back().await;
                Err(error)
            }
        }
    }

    /// Whether the database answers, is the primary, and makes commits durable.
    pub async fn check(&self, require_durable: bool) -> Result<(), StorageError> {
        let mut conn = self.lend().await?;
        conn.ping().await?;
        let settings: Vec<(String, String)> = sqlx::query_as(
            "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'transaction_read_only')",
        )
        .fetch_all(&mut *conn)
        .await?;
        conn.give_back();
        for (name, setting) in settings {
            let good = if name == "transaction_read_only" { setting == "off" } else { setting != "off" };
            if !good && (require_durable || name == "transaction_read_only") {
                tracing::error!(setting = %name, "the database does not make commits durable, or is read-only");
                return Err(StorageError::Inconsistent { table: "pg_settings", what: "a setting that loses data" });
            }
        }
        Ok(())
    }

    /// Whether the server's log quotes rows: the detail of a violated constraint does, unless it is left out.
    pub async fn log_quotes_rows(&self) -> Result<bool, StorageError> {
        let mut conn = self.lend().await?;
        let quotes = sqlx::query_scalar(
            "/* log_quotes_rows */ select coalesce(current_setting('log_error_verbosity', true), '') <> 'terse'",
        )
        .fetch_one(&mut *conn)
        .await?;
        conn.give_back();
        Ok(quotes)
    }

    /// How far the database's clock is from ours, in seconds, without sign.
    pub async fn clock_skew(&self) -> Result<f64, StorageError> {
        let mut conn = self.lend().await?;
        let theirs: time::OffsetDateTime = sqlx::query_scalar("select clock_timestamp()").fetch_one(&mut *conn).await?;
        conn.give_back();
        Ok((theirs - self.clock.now()).as_seconds_f64().abs())
    }

    /// Connections in use and the most there may be.
    pub fn usage(&self) -> (u32, u32) {
        let (lent, _, most) = self.connections.counts();
        (lent, most)
    }

    /// Reports the pool's connections under `name` whenever metrics are sent; once for each pool of a process.
    pub fn observe(&self, name: &'static str) {
        const POOL: &str = "db.client.connection.pool.name";
        const STATE: &str = "db.client.connection.state";
        let db = self.clone();
        metrics::observe("db.client.connection.count", "{connection}", "Connections of a pool by state.", move || {
            let (lent, resting, _) = db.connections.counts();
            [(resting.into(), vec![(POOL, name), (STATE, "idle")]), (lent.into(), vec![(POOL, name), (STATE, "used")])]
        });
        let db = self.clone();
        let waiting = "Pieces of work that wait for a connection of a pool.";
        metrics::observe("db.client.connection.pending_requests", "{request}", waiting, move || {
            [(db.connections.waiting(), vec![(POOL, name)])]
        });
        let most = i64::from(self.connections.counts().2);
        metrics::observe("db.client.connection.max", "{connection}", "Connections a pool may have.", move || {
            [(most, vec![(POOL, name)])]
        });
    }

    /// Closes the pool; calls that still run keep their connection until they end.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

fn collided<E: std::error::Error + 'static>(error: &E) -> bool {
    StorageError::within(error).is_some_and(StorageError::is_collision)
}
