//! Looks for acknowledgements that did not come, and reports what waits.

use std::time::Duration;

use ehub_postgres::{Db, Scope};
use ehub_telemetry::metrics::{Counter, Gauge, counter, gauge};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::State,
    operations::mark_overdue::{MarkOverdue, Waiting},
};

static DEPTH: Gauge = gauge("ehub.writeback.entries", "{entry}", "Entries that have not come to an end, by state.");
static AGE: Gauge =
    gauge("ehub.writeback.oldest", "s", "Age of the oldest entry that has not come to an end, by state.");
static MISSING: Counter = counter("ehub.writeback.missing", "{document}", "Documents with an acknowledgement missing.");

/// Calls a person when an acknowledgement is missing.
#[derive(Debug, Clone)]
pub struct Overdue {
    /// The work role's database.
    pub db: Db,
    /// How long acknowledgements may take.
    pub limits: MarkOverdue,
    /// How often it looks.
    pub poll: Duration,
}

impl Overdue {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.db.run(&Scope::work(), &self.limits).await {
                Ok((missing, waiting)) => self.report(missing, &waiting),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "overdue acknowledgements were not looked for");
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(self.poll) => {}
            }
        }
    }

    fn report(&self, missing: usize, waiting: &Waiting) {
        if missing > 0 {
            MISSING.add(missing as u64, &[]);
        }
        let now = self.db.clock().now();
        for state in State::ALL {
            let found = waiting.iter().find(|(word, ..)| word == state.as_str());
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            DEPTH.set(found.map_or(0.0, |(_, count, _)| *count as f64), &[("ehub.state", state.as_str())]);
            let age = found.map_or(0.0, |(.., since)| (now - *since).as_seconds_f64().max(0.0));
            AGE.set(age, &[("ehub.state", state.as_str())]);
        }
    }
}
