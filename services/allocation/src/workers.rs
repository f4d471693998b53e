//! Background work on the work role: looks at state and reconciles, woken by a timer and by events.

mod alerts;
mod queue;
mod upkeep;

use std::time::Duration;

use ehub_postgres::Raised;
use tokio_util::sync::CancellationToken;

pub use alerts::AlertWorker;
pub use queue::QueueWorker;
pub use upkeep::UpkeepWorker;

/// How many rows one step takes.
const STEP: i64 = 100;

/// Waits for the next look: until told to stop, until something was raised, or for a while. Tells
/// whether to go on.
async fn next_look(stop: &CancellationToken, raised: &mut Raised, poll: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = raised.changed() => true,
        () = tokio::time::sleep(poll) => true,
    }
}

/// Logs what a step could not do; it is tried again at the next look.
fn failed(worker: &'static str, error: &(dyn std::error::Error + 'static)) {
    tracing::warn!(worker, error, "background work failed and will be tried again");
}
