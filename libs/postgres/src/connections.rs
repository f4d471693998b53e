//! The connections of one role: opened when needed, lent to one piece of work at a time, kept only when they come
//! back in order.
//!
//! In order means that the server has answered the last statement and no transaction is open: whoever knows that says
//! so with [`Lent::give_back`]. A piece of work that is dropped half way takes its connection with it. So nothing needs
//! to be cleaned up between two pieces of work, which would cost round trips each time, and a driver that hands on a
//! connection with a transaction left open (sqlx 0.9.0, its issue 4385) harms nobody.

use std::{
    collections::VecDeque,
    fmt,
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use ehub_clock::Clock;
use sqlx::{ConnectOptions, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::StorageError;

/// A connection is not kept for longer: servers behind a name change, and backends grow.
const LIFETIME: Duration = Duration::from_secs(300);
/// One that nobody has wanted for so long is closed.
const UNWANTED: Duration = Duration::from_secs(60);
/// One that has rested for so long is asked whether it still leads to the primary.
const RESTED: Duration = Duration::from_secs(1);
/// The first and the longest pause before a server that is starting is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// Statements a connection keeps prepared: more than any service has.
const STATEMENTS: usize = 256;

/// The connections of one role.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    most: u32,
    patience: Duration,
    clock: Clock,
    places: Arc<Semaphore>,
    /// Who waits for a place or for a connection to open.
    waiting: AtomicI64,
    /// Those that rest, the one that came back last at the end.
    resting: Mutex<VecDeque<Resting>>,
}

struct Resting {
    conn: PgConnection,
    opened: Opened,
    since: Instant,
}

/// What is known of a connection since it was opened.
#[derive(Debug, Clone, Copy)]
struct Opened {
    at: Instant,
    prepared: bool,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("most", &self.0.most).finish_non_exhaustive()
    }
}

impl Connections {
    pub(crate) fn new(options: PgConnectOptions, most: u32, patience: Duration, clock: Clock) -> Self {
        let options = options.statement_cache_capacity(STATEMENTS);
        let places = Arc::new(Semaphore::new(most as usize));
        Self(Arc::new(Inner {
            options,
            most,
            patience,
            clock,
            places,
            waiting: AtomicI64::new(0),
            resting: Mutex::default(),
        }))
    }

    /// A connection, within the patience there is.
    pub(crate) async fn lend(&self) -> Result<Lent, StorageError> {
        let _waits = Waits::count(&self.0.waiting);
        match tokio::time::timeout(self.0.patience, self.lend_in_time()).await {
            Ok(lent) => Ok(lent?),
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    async fn lend_in_time(&self) -> Result<Lent, sqlx::Error> {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let now = self.0.clock.monotonic();
        while let Some(Resting { mut conn, opened, since }) = self.wake() {
            if now.saturating_duration_since(opened.at) > LIFETIME {
                let _ = conn.close().await;
            // After a failover a connection may lead to a server that is no longer the primary. One in steady use
            // finds that out by SQLSTATE 25006; one that rested is asked.
            } else if now.saturating_duration_since(since) < RESTED || leads_to_the_primary(&mut conn).await {
                return Ok(self.lent(conn, opened, place));
            }
        }
        let conn = self.open().await?;
        Ok(self.lent(conn, Opened { at: self.0.clock.monotonic(), prepared: false }, place))
    }

    fn lent(&self, conn: PgConnection, opened: Opened, place: OwnedSemaphorePermit) -> Lent {
        Lent { conn: Some(conn), opened, home: self.clone(), _place: place }
    }

    /// The one that came back last.
    fn wake(&self) -> Option<Resting> {
        self.resting().pop_back()
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, VecDeque<Resting>> {
        self.0.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one; a server that is just starting is tried again for as long as there is patience.
    async fn open(&self) -> Result<PgConnection, sqlx::Error> {
        let (mut pause, longest) = PAUSES;
        loop {
            match self.0.options.connect().await {
                Err(error) if starting(&error) => tokio::time::sleep(pause).await,
                done => return done,
            }
            pause = (pause * 2).min(longest);
        }
    }

    /// How many are lent, how many rest, and how many there may be.
    pub(crate) fn counts(&self) -> (u32, u32, u32) {
        let free = u32::try_from(self.0.places.available_permits()).unwrap_or(u32::MAX);
        let resting = u32::try_from(self.resting().len()).unwrap_or(u32::MAX);
        (self.0.most.saturating_sub(free), resting, self.0.most)
    }

    /// How many pieces of work wait for a connection.
    pub(crate) fn waiting(&self) -> i64 {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// Lends no more, and returns when all that were lent have come back.
    pub(crate) async fn close(&self) {
        let all = self.0.places.acquire_many(self.0.most).await;
        self.0.places.close();
        drop(all);
        let resting: Vec<Resting> = self.resting().drain(..).collect();
        for Resting { conn, .. } in resting {
            let _ = conn.close().await;
        }
    }
}

/// Counted while it waits, whether it gets a connection, gives up or is dropped.
struct Waits<'a>(&'a AtomicI64);

impl<'a> Waits<'a> {
    fn count(waiting: &'a AtomicI64) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn leads_to_the_primary(conn: &mut PgConnection) -> bool {
    let read_only: Result<String, _> = sqlx::query_scalar("show transaction_read_only").fetch_one(conn).await;
    read_only.is_ok_and(|read_only| read_only == "off")
}

/// Whether the server only says that it is not up yet.
fn starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.code().as_deref() == Some("57P03"),
        _ => false,
    }
}

/// A connection on loan. Dropped, it is closed.
pub struct Lent {
    conn: Option<PgConnection>,
    opened: Opened,
    home: Connections,
    /// Freed last, when the connection rests or is closed.
    _place: OwnedSemaphorePermit,
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").finish_non_exhaustive()
    }
}

impl Lent {
    /// Gives it back in order: the last statement has been answered, and no transaction is open.
    pub fn give_back(mut self) {
        let Some(conn) = self.conn.take() else { return };
        let now = self.home.0.clock.monotonic();
        let mut resting = self.home.resting();
        resting.push_back(Resting { conn, opened: self.opened, since: now });
        while resting.front().is_some_and(|longest| now.saturating_duration_since(longest.since) > UNWANTED) {
            resting.pop_front();
        }
    }

    /// Whether it has been told the statements every transaction begins with; from now on it has.
    pub(crate) fn prepare_once(&mut self) -> bool {
        std::mem::replace(&mut self.opened.prepared, true)
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        // Unwrap safety: it is taken out only by `give_back`, which consumes the loan.
        self.conn.as_ref().expect("a loan has its connection")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        // Unwrap safety: as for `deref`.
        self.conn.as_mut().expect("a loan has its connection")
    }
}
