//! The pool, and the only place where a transaction begins.

use std::time::Duration;

use ehub_clock::Clock;
use sqlx::{
    Connection, Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::watch;
use tracing::Instrument;

use crate::{DatabaseConfig, Role, Scope, StorageError, Tx, Work};

/// How often a unit of work is run again after a collision.
const ATTEMPTS: u32 = 5;

/// A service's database, through one of its roles.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    clock: Clock,
    raised: watch::Sender<u64>,
}

impl Db {
    /// A pool for one role. Connects when first used; [`Db::check`] tells whether it can.
    pub fn open(config: &DatabaseConfig, role: Role, clock: Clock) -> Result<Self, StorageError> {
        let (url, connections) = match role {
            Role::Run => (&config.run_url, config.run_connections),
            Role::Work => (&config.work_url, config.work_connections),
        };
        let options: PgConnectOptions = url.reveal().parse().map_err(StorageError::Sql)?;
        let pool = Self::pool_options(connections, config.acquire_timeout.get()).connect_lazy_with(options);
        Ok(Self { pool, clock, raised: watch::Sender::new(0) })
    }

    /// The same database through another role, telling the same listeners when events are raised.
    pub fn open_beside(&self, config: &DatabaseConfig, role: Role) -> Result<Self, StorageError> {
        let mut beside = Self::open(config, role, self.clock.clone())?;
        beside.raised = self.raised.clone();
        Ok(beside)
    }

    /// Changes whenever a transaction of this process has raised events: wakes the relay.
    pub fn raised(&self) -> watch::Receiver<u64> {
        self.raised.subscribe()
    }

    /// The pool, for statements of `libs/outbox` that need no transaction.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    fn pool_options(connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(acquire_timeout)
            .max_lifetime(Duration::from_secs(300))
            .idle_timeout(Duration::from_secs(60))
            .test_before_acquire(false)
            // After a failover a connection may sit on a server that is no longer the primary.
            // Connections in steady use find that out by SQLSTATE 25006; idle ones are asked.
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for < Duration::from_secs(1) {
                        return Ok(true);
                    }
                    let read_only: String = sqlx::query_scalar("show transaction_read_only").fetch_one(conn).await?;
                    Ok(read_only == "off")
                })
            })
            // sqlx 0.9.0 can hand out a connection with a transaction left open when a call is
            // cancelled inside BEGIN (its issue 4385). BEGIN before ROLLBACK, because a bare
            // ROLLBACK outside a transaction is a warning in two logs for every transaction; in
            // one that has failed it is an error, and the connection is closed.
            .after_release(|conn, _| {
                Box::pin(async move {
                    conn.execute("begin; rollback").await?;
                    conn.execute("reset all").await?;
                    Ok(true)
                })
            })
    }

    /// The clock and id source that transactions use.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs a unit of work in a transaction of its own, again when it collides with another.
    pub async fn run<W: Work>(&self, scope: &Scope, work: &W) -> Result<W::Output, W::Error> {
        let span = tracing::debug_span!("transaction", otel.name = W::NAME, db.system.name = "postgresql");
        async {
            let mut attempt = 1;
            loop {
                match self.attempt(scope, work).await {
                    Err(error) if attempt < ATTEMPTS && collided(&error) => {
                        tracing::debug!(transaction = W::NAME, attempt, "collision; running again");
                        // Spread the second try; 1–16 ms by attempt and randomness.
                        let [jitter] = self.clock.random::<1>();
                        tokio::time::sleep(Duration::from_millis(u64::from(jitter % 8) + u64::from(attempt) * 2)).await;
                        attempt += 1;
                    }
                    done => return done,
                }
            }
        }
        .instrument(span)
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where a transaction begins")]
    async fn attempt<W: Work>(&self, scope: &Scope, work: &W) -> Result<W::Output, W::Error> {
        let mut inner = self.pool.begin().await.map_err(StorageError::from)?;
        let organisation = scope.enter(&mut inner, &self.clock).await.map_err(StorageError::from)?;
        let mut tx = Tx::new(inner, self.clock.clone(), organisation, scope.traceparent.clone());
        let output = work.run(&mut tx).await?;
        if tx.commit().await? {
            self.raised.send_modify(|count| *count += 1);
        }
        Ok(output)
    }

    /// Whether the database answers, is the primary, and makes commits durable.
    pub async fn check(&self, require_durable: bool) -> Result<(), StorageError> {
        let mut conn = self.pool.acquire().await?;
        conn.ping().await?;
        let settings: Vec<(String, String)> = sqlx::query_as(
            "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'transaction_read_only')",
        )
        .fetch_all(&mut *conn)
        .await?;
        for (name, setting) in settings {
            let good = if name == "transaction_read_only" { setting == "off" } else { setting != "off" };
            if !good && (require_durable || name == "transaction_read_only") {
                tracing::error!(setting = %name, "the database does not make commits durable, or is read-only");
                return Err(StorageError::Inconsistent { table: "pg_settings", what: "a setting that loses data" });
            }
        }
        Ok(())
    }

    /// How far the database's clock is from ours, in seconds, without sign.
    pub async fn clock_skew(&self) -> Result<f64, StorageError> {
        let theirs: time::OffsetDateTime = sqlx::query_scalar("select clock_timestamp()").fetch_one(&self.pool).await?;
        Ok((theirs - self.clock.now()).as_seconds_f64().abs())
    }

    /// Connections in use and the most there may be.
    pub fn usage(&self) -> (u32, u32) {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        (self.pool.size().saturating_sub(idle), self.pool.options().get_max_connections())
    }

    /// Closes the pool; calls that still run keep their connection until they end.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn collided<E: std::error::Error + 'static>(error: &E) -> bool {
    StorageError::within(error).is_some_and(StorageError::is_collision)
}
