//! How a worker waits between two looks.

use std::{error::Error, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something was done; there may be more.
    Done,
    /// Nothing waits.
    Idle,
}

/// Steps until nothing waits, then rests until the timer, a raised event or the end.
pub async fn steps<F, E>(
    worker: &'static str,
    every: Duration,
    mut raised: watch::Receiver<u64>,
    stop: CancellationToken,
    mut step: impl FnMut() -> F,
) where
    F: Future<Output = Result<Step, E>>,
    E: Error + 'static,
{
    loop {
        loop {
            if stop.is_cancelled() {
                return;
            }
            match step().await {
                Ok(Step::Done) => {}
                Ok(Step::Idle) => break,
                Err(error) => {
                    tracing::warn!(worker, error = &error as &dyn Error, "a step failed; it is tried again");
                    break;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
            changed = raised.changed() => if changed.is_err() { return },
        }
    }
}
