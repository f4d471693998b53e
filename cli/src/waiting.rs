//! Asking again what time will mend, and nothing else; waiting for what will come true.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The first pause before a call is repeated; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause, unless the service asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// Which answers are worth another call, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    total: Duration,
    passes: fn(&Status) -> bool,
}

impl Patience {
    /// For one person at a terminal: a service has not yet heard of the consultation another knows.
    /// Events arrive in well under this; a suite that is away is better said at once.
    pub const EVENT: Self = Self { total: Duration::from_secs(8), passes: not_known_yet };
    /// For those who play: also a service that is away or busy for a moment.
    pub const PLAYING: Self =
        Self { total: Duration::from_secs(60), passes: |status| not_known_yet(status) || away(status) };
    /// For submitters, who are also asked to come again when there are too many of them.
    pub const SUBMITTING: Self = Self {
        total: Duration::from_secs(60),
        passes: |status| away(status) || status.code() == Code::ResourceExhausted,
    };
    /// For setting up: whoever has not heard of the register yet knows neither who may nor whom for.
    pub const SETTING_UP: Self = Self {
        total: Duration::from_secs(30),
        passes: |status| away(status) || matches!(status.code(), Code::PermissionDenied | Code::InvalidArgument),
    };

    /// Whether the same call may get another answer in a moment.
    pub fn covers(&self, status: &Status) -> bool {
        (self.passes)(status)
    }
}

fn not_known_yet(status: &Status) -> bool {
    reason(status) == "CONSULTATION_UNKNOWN"
}

fn away(status: &Status) -> bool {
    status.code() == Code::Unavailable
}

/// The reason of a refusal, or nothing.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// Makes a call, again while the answer is one that patience covers; tells of each repetition.
/// Gives the last answer when it never becomes another.
pub async fn patiently<T, F>(
    patience: Patience,
    mut repeated: impl FnMut(&Status),
    mut call: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let end = deadline(patience.total);
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match call().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let Some(status) = error.downcast_ref::<Status>().filter(|status| patience.covers(status)) else {
            return Err(error);
        };
        // The service knows better than we do when it is worth another call.
        let asked = status.get_error_details().retry_info().and_then(|retry| retry.retry_delay).unwrap_or_default();
        let wait = pause.max(asked);
        if expired(end - wait.min(patience.total)) {
            return Err(error);
        }
        repeated(status);
        sleep(wait).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Looks every so often until there is something to see; nothing when there was none in time.
pub async fn until_some<T, F>(
    patience: Duration,
    every: Duration,
    mut look: impl FnMut() -> F,
) -> anyhow::Result<Option<T>>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let end = deadline(patience);
    loop {
        match look().await? {
            Some(seen) => return Ok(Some(seen)),
            None if expired(end) => return Ok(None),
            None => sleep(every).await,
        }
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

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "statuses as a service would send them")]
mod tests {
    use std::cell::Cell;

    use tonic_types::ErrorDetails;

    use super::*;

    fn status(code: Code, reason: &str, retry: Option<Duration>) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, "test.ehub", []);
        if let Some(retry) = retry {
            details.set_retry_info(Some(retry));
        }
        Status::with_error_details(code, "no", details)
    }

    /// Calls that fail so often with this, then succeed: how the caller fared, the calls and the repetitions.
    async fn fared(patience: Patience, failures: usize, with: &Status) -> (anyhow::Result<()>, usize, usize) {
        let (calls, mut repeats) = (Cell::new(0), 0);
        let done = patiently(
            patience,
            |_| repeats += 1,
            || {
                calls.set(calls.get() + 1);
                let answer = if calls.get() <= failures { Err(with.clone().into()) } else { Ok(()) };
                async { answer }
            },
        )
        .await;
        (done, calls.get(), repeats)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_passing_answer_is_given_at_once() {
        for (patience, code, reason) in [
            (Patience::PLAYING, Code::Internal, "INTERNAL"),
            (Patience::PLAYING, Code::FailedPrecondition, "CLAIM_SUPERSEDED"),
            (Patience::PLAYING, Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            (Patience::PLAYING, Code::ResourceExhausted, "TOO_MANY_CALLS"),
            (Patience::EVENT, Code::Unavailable, "STOPPING"),
            (Patience::SUBMITTING, Code::NotFound, "CONSULTATION_UNKNOWN"),
            (Patience::SETTING_UP, Code::Internal, "INTERNAL"),
        ] {
            let (done, calls, repeats) = fared(patience, 1, &status(code, reason, None)).await;
            let error = done.expect_err("not repeated");
            assert_eq!(error.downcast_ref::<Status>().map(Status::code), Some(code), "{code:?} {reason}");
            assert_eq!((calls, repeats), (1, 0), "{code:?} {reason}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_asked_again_and_counted() {
        for (patience, code, reason) in [
            (Patience::PLAYING, Code::Unavailable, "GUARD_UNREACHABLE"),
            (Patience::PLAYING, Code::NotFound, "CONSULTATION_UNKNOWN"),
            (Patience::EVENT, Code::NotFound, "CONSULTATION_UNKNOWN"),
            (Patience::SUBMITTING, Code::ResourceExhausted, "TOO_MANY_CALLS"),
            (Patience::SETTING_UP, Code::PermissionDenied, "ORGANISATION_UNKNOWN"),
        ] {
            let (done, calls, repeats) = fared(patience, 3, &status(code, reason, None)).await;
            assert!(done.is_ok(), "{code:?} {reason}");
            assert_eq!((calls, repeats), (4, 3), "{code:?} {reason}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_service_says_how_long_to_wait() {
        let began = Instant::now();
        let asks = status(Code::Unavailable, "ACCESS_STALE", Some(Duration::from_secs(5)));
        let (done, ..) = fared(Patience::PLAYING, 2, &asks).await;
        assert!(done.is_ok());
        assert_eq!(began.elapsed().as_secs(), 10, "twice five seconds, not less");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_before_a_pause_that_would_outlast_it() {
        let began = Instant::now();
        let asks = status(Code::Unavailable, "ACCESS_STALE", Some(Duration::from_secs(25)));
        let (done, calls, _) = fared(Patience::PLAYING, usize::MAX, &asks).await;
        assert!(done.is_err());
        assert_eq!((calls, began.elapsed().as_secs()), (3, 50));
    }

    #[tokio::test(start_paused = true)]
    async fn looking_ends_with_what_is_seen_or_with_time() {
        let looks = Cell::new(0);
        let look = || {
            looks.set(looks.get() + 1);
            let seen = (looks.get() == 3).then_some("there");
            async move { Ok(seen) }
        };
        let seen = until_some(Duration::from_secs(10), Duration::from_secs(1), look).await.expect("looked");
        assert_eq!((seen, looks.get()), (Some("there"), 3));
        let never = until_some::<(), _>(Duration::from_secs(2), Duration::from_secs(1), || async { Ok(None) }).await;
        assert_eq!(never.expect("looked"), None);
    }
}
