//! How a worker waits between two looks.

use std::{error::Error, time::Duration};

use ehub_postgres::Raised;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something was done; there may be more.
    Done,
    /// Nothing waits.
    Idle,
}

/// How many steps run side by side while there is work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    /// One after another.
    One,
    /// Some at once: each waits for somebody outside most of the time.
    Several,
}

/// Steps until nothing waits, then rests until the timer, a raised event or the end.
pub async fn steps<F, E>(
    worker: &'static str,
    every: Duration,
    hands: Hands,
    mut raised: Raised,
    stop: CancellationToken,
    step: impl Fn() -> F,
) where
    F: Future<Output = Result<Step, E>>,
    E: Error + 'static,
{
    loop {
        // One looks first: a rest with nothing to do costs one look.
        if until_idle(worker, &stop, &step, 1).await {
            let hands = if hands == Hands::Several { 4 } else { 1 };
            join_all((0..hands).map(|_| until_idle(worker, &stop, &step, usize::MAX))).await;
        }
        if stop.is_cancelled() {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
            () = raised.changed() => {}
        }
    }
}

/// Steps until nothing waits, or so often; tells whether the last step did something.
async fn until_idle<F, E>(worker: &'static str, stop: &CancellationToken, step: &impl Fn() -> F, most: usize) -> bool
where
    F: Future<Output = Result<Step, E>>,
    E: Error + 'static,
{
    for _ in 0..most {
        if stop.is_cancelled() {
            return false;
        }
        match step().await {
            Ok(Step::Done) => {}
            Ok(Step::Idle) => return false,
            Err(error) => {
                tracing::warn!(worker, error = &error as &dyn Error, "a step failed; it is tried again");
                return false;
            }
        }
    }
    true
}
