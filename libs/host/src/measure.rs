//! Looks every few seconds at what is there now, and reports it.

use std::{error::Error, time::Duration};

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_server::Worker;
use ehub_telemetry::metrics::{Gauge, gauge};
use tokio_util::sync::CancellationToken;

use crate::Host;

/// How often: as often as metrics are sent, more or less.
const EVERY: Duration = Duration::from_secs(10);
/// How many times as long as a look took it rests at least: what waits by the million is not counted at the expense of those
/// who wait.
const REST: u32 = 30;

static DEPTH: Gauge = gauge("ehub.queue.depth", "{item}", "What waits in a queue.");
static OLDEST: Gauge = gauge("ehub.queue.oldest_age", "s", "Age of what waits longest in a queue; 0 when it is empty.");
static ACCESS_AGE: Gauge =
    gauge("ehub.access.age", "s", "Time since this service knew its access table to be complete.");

impl Host {
    /// A worker that reads something on the work role every ten seconds, less often when that takes long, and tells it as
    /// gauges. Every replica tells the same: take the maximum over replicas, never the sum.
    pub fn measure<W: Work + 'static>(&self, name: &'static str, work: W, tell: fn(&W::Output)) -> Worker
    where
        W::Output: Sync,
    {
        let db = self.work_db.clone();
        Worker::new(name, move |stop| look(db, work, tell, stop))
    }
}

/// Tells how much waits in each queue, and for how many seconds the oldest has.
pub fn tell_queues<const N: usize>(queues: &[&'static str; N], waiting: &[(i64, f64); N]) {
    for (queue, (depth, oldest)) in queues.iter().zip(waiting) {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        DEPTH.set(*depth as f64, &[("ehub.queue", queue)]);
        OLDEST.set(oldest.max(0.0), &[("ehub.queue", queue)]);
    }
}

async fn look<W: Work>(db: Db, work: W, tell: fn(&W::Output), stop: CancellationToken) {
    let mut blind = false;
    loop {
        let (begun, mut rest) = (db.clock().monotonic(), EVERY);
        match db.run(&Scope::work(), &work).await {
            Ok(found) => {
                tell(&found);
                blind = false;
                rest = rest.max((db.clock().monotonic() - begun) * REST);
            }
            // Said once: while the database is away others say so too.
            Err(error) if !blind => {
                blind = true;
                tracing::warn!(what = W::NAME, error = &error as &dyn Error, "could not be measured; tried again");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// How old the knowledge of who may do what is.
#[derive(Debug)]
pub(crate) struct AccessAge;

impl Work for AccessAge {
    const NAME: &'static str = "access_age";
    type Output = Option<f64>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<f64>, StorageError> {
        Ok(sqlx::query_scalar(
            "/* access.age */ select extract(epoch from ehub.app_now() - fresh_at)::float8 from ehub.access_freshness",
        )
        .fetch_optional(tx.conn())
        .await?)
    }
}

/// Tells it, once there is any.
pub(crate) fn tell_access_age(age: &Option<f64>) {
    if let Some(age) = age {
        ACCESS_AGE.set(age.max(0.0), &[]);
    }
}
