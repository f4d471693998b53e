//! Waiting for something that will come true, without guessing when.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

/// How long at most, unless said otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// Repeats an act until it succeeds; gives its last error when it never does.
pub async fn until_ok<T, F>(what: &str, mut act: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let end = deadline(PATIENCE);
    let mut pause = Duration::from_millis(20);
    loop {
        match act().await {
            Ok(done) => return Ok(done),
            Err(error) if expired(end) => return Err(error).with_context(|| format!("waited 30 s for {what}")),
            Err(_) => sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// A time from now.
#[expect(clippy::disallowed_methods, reason = "a command's own patience, not the suite's time")]
pub fn deadline(after: Duration) -> Instant {
    Instant::now() + after
}

/// Whether it has passed.
#[expect(clippy::disallowed_methods, reason = "a command's own patience, not the suite's time")]
pub fn expired(end: Instant) -> bool {
    Instant::now() >= end
}
