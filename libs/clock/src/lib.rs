//! The only door to the present time and to randomness.
//!
//! Everything that needs "now", a new id or random bytes takes a [`Clock`], so that a test can decide all three.

#![expect(clippy::disallowed_methods, reason = "the one place that reads the time and makes randomness")]

mod ids;
mod manual;
mod text;

use std::sync::Arc;
use std::time::Instant;

use uuid::Uuid;

pub use manual::ManualClock;
pub use text::{NotATimestamp, parse_rfc3339, rfc3339};

/// An instant in UTC, whole microseconds: the precision PostgreSQL keeps, so that a value read back equals the one written.
pub type Timestamp = time::OffsetDateTime;

/// Drops what lies below a microsecond and moves to UTC.
#[must_use]
pub fn truncate(at: Timestamp) -> Timestamp {
    // At the very ends of the representable range there is no UTC form; such a value stays as it is.
    let utc = at.checked_to_offset(time::UtcOffset::UTC).unwrap_or(at);
    utc.replace_nanosecond(utc.microsecond() * 1_000)
        .expect("whole microseconds of a second are below 10^9 nanoseconds")
}

/// A source of time, ids and randomness; cheap to clone, and clones share one source.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<manual::State>),
}

impl Clock {
    /// The machine's clock and the cryptographic random generator.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `at` until its [`ManualClock`] moves it, with the same "random" sequence in each run.
    ///
    /// Two manual clocks made this way give the same ids: use [`Clock::manual_seeded`] where several meet in one test.
    #[must_use]
    pub fn manual(at: Timestamp) -> (Self, ManualClock) {
        Self::manual_seeded(at, 0)
    }

    /// As [`Clock::manual`], with a seed that chooses the sequence.
    #[must_use]
    pub fn manual_seeded(at: Timestamp, seed: u64) -> (Self, ManualClock) {
        let state = Arc::new(manual::State::new(at, seed));
        (Self(Source::Manual(Arc::clone(&state))), ManualClock::new(state))
    }

    /// The present instant, truncated to microseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => truncate(Timestamp::now_utc()),
            Source::Manual(state) => state.now(),
        }
    }

    /// An instant for measuring intervals: never goes back, whatever happens to the wall clock.
    #[must_use]
    pub fn monotonic(&self) -> Instant {
        match &self.0 {
            Source::System => Instant::now(),
            Source::Manual(state) => state.monotonic(),
        }
    }

    /// Whether time is under a test's control (production refuses to start on such a clock).
    #[must_use]
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// `N` random bytes, from the cryptographic generator unless the clock is manual.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => {
                aws_lc_rs::rand::fill(&mut bytes)
                    .expect("the operating system gives entropy; without it nothing may go on");
            }
            Source::Manual(state) => state.fill(&mut bytes),
        }
        bytes
    }

    /// A new UUIDv7 of now: ids made later on one machine sort later, to the quarter of a microsecond the format can hold.
    #[must_use]
    pub fn uuid_v7(&self) -> Uuid {
        ids::uuid_v7(self.now(), self.random())
    }

    /// A new UUIDv7 whose last byte is `shard`, so that the id alone says where its row lives.
    #[must_use]
    pub fn uuid_v7_in_shard(&self, shard: u8) -> Uuid {
        let mut random = self.random();
        random[7] = shard;
        ids::uuid_v7(self.now(), random)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::*;

    #[test]
    fn system_time_has_no_nanoseconds() {
        let now = Clock::system().now();
        assert_eq!(now.nanosecond() % 1_000, 0);
        assert_eq!(now.offset(), time::UtcOffset::UTC);
    }

    #[test]
    fn truncation_moves_to_utc_and_drops_nanoseconds() {
        let at = datetime!(2026-07-01 09:00:00.123_456_789 +01:00);
        let utc = truncate(at);
        assert_eq!(utc, datetime!(2026-07-01 08:00:00.123_456 UTC));
        assert_eq!(utc.hour(), 8);
    }

    #[test]
    fn manual_clock_stands_still_and_moves_on_command() {
        let (clock, hand) = Clock::manual(datetime!(2026-03-01 08:00 UTC));
        let started = clock.monotonic();
        assert_eq!(clock.now(), clock.now());
        hand.advance(Duration::from_millis(1_500));
        assert_eq!(clock.clone().now(), datetime!(2026-03-01 08:00:01.5 UTC));
        assert_eq!(clock.monotonic() - started, Duration::from_millis(1_500));
        assert!(clock.is_manual());
        assert!(!Clock::system().is_manual());
    }

    #[test]
    fn setting_the_wall_clock_back_leaves_monotonic_time_alone() {
        let (clock, hand) = Clock::manual(datetime!(2026-03-01 08:00 UTC));
        let before = clock.monotonic();
        hand.set(datetime!(2026-03-01 07:00 UTC));
        assert_eq!(clock.now(), datetime!(2026-03-01 07:00 UTC));
        assert_eq!(clock.monotonic(), before);
        hand.set(datetime!(2026-03-01 07:01 UTC));
        assert_eq!(clock.monotonic() - before, Duration::from_secs(60));
    }

    #[test]
    fn manual_randomness_repeats_per_seed_and_differs_between_seeds() {
        let at = datetime!(2026-03-01 08:00 UTC);
        let (a, _) = Clock::manual(at);
        let (b, _) = Clock::manual(at);
        let (c, _) = Clock::manual_seeded(at, 1);
        let first: [u8; 20] = a.random();
        assert_eq!(first, b.random::<20>());
        assert_ne!(first, a.random::<20>());
        assert_ne!(first, c.random::<20>());
    }

    #[test]
    fn system_randomness_does_not_repeat() {
        assert_ne!(Clock::system().random::<16>(), Clock::system().random::<16>());
    }
}
