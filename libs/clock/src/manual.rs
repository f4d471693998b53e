//! Time that a test moves by hand, with randomness that repeats.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{Timestamp, truncate};

/// The hand that moves a manual [`crate::Clock`]; clones move the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<State>);

impl ManualClock {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    /// Sets the wall clock. Monotonic time follows a step forward and ignores a step back, as on a real machine.
    pub fn set(&self, at: Timestamp) {
        let mut hands = self.0.hands();
        let at = truncate(at);
        let forward = Duration::try_from(at - hands.now).unwrap_or_default();
        hands.now = at;
        hands.monotonic += forward;
    }

    /// Moves wall and monotonic time forward together.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.0.hands();
        hands.now = truncate(hands.now + by);
        hands.monotonic += by;
    }

    /// Where the hands stand.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// What a manual clock and its hand share.
#[derive(Debug)]
pub(crate) struct State(Mutex<Hands>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    monotonic: Instant,
    random: u64,
}

impl State {
    pub(crate) fn new(at: Timestamp, seed: u64) -> Self {
        Self(Mutex::new(Hands { now: truncate(at), monotonic: Instant::now(), random: seed }))
    }

    // A test that panicked while it held the lock leaves whole values behind, so poison is no reason to fail another.
    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.hands().now
    }

    pub(crate) fn monotonic(&self) -> Instant {
        self.hands().monotonic
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        let mut hands = self.hands();
        for chunk in bytes.chunks_mut(8) {
            let word = split_mix(&mut hands.random).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a counter through a mixing function. Spread well, secret not at all.
fn split_mix(counter: &mut u64) -> u64 {
    *counter = counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut word = *counter;
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::split_mix;

    #[test]
    fn generator_gives_its_published_first_word() {
        assert_eq!(split_mix(&mut 0), 0xE220_A839_7B1D_CDAF);
    }
}
