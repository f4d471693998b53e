//! Remembers what a signature has proved, so that a token used for many calls is verified once.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::digest;
use ehub_clock::Timestamp;
use quick_cache::sync::Cache;

/// Results by SHA-256 of the token, each with the time it stops counting.
///
/// An entry also holds the generation of the keys that proved it. When keys change, the generation rises first and the
/// entries go afterwards: one that a slower request adds in between belongs to the old generation and never counts.
pub(crate) struct Verified<T> {
    entries: Cache<[u8; 32], Entry<T>>,
    generation: AtomicU64,
}

struct Entry<T> {
    value: Arc<T>,
    until: Timestamp,
    generation: u64,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), until: self.until, generation: self.generation }
    }
}

impl<T> Verified<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Cache::new(capacity), generation: AtomicU64::new(0) }
    }

    /// The remembered result of `token`, else that of `verify`, which also says until when it holds.
    pub(crate) fn get_or_verify<E>(
        &self,
        token: &str,
        now: Timestamp,
        verify: impl FnOnce() -> Result<(T, Timestamp), E>,
    ) -> Result<Arc<T>, E> {
        // Read before the keys are: a change in between then makes the entry worthless instead of wrong.
        let generation = self.generation.load(Ordering::SeqCst);
        let mut key = [0; 32];
        key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        if let Some(entry) = self.entries.get(&key) {
            if entry.generation == generation && now < entry.until {
                return Ok(entry.value);
            }
            self.entries.remove(&key);
        }
        let (value, until) = verify()?;
        let value = Arc::new(value);
        self.entries.insert(key, Entry { value: Arc::clone(&value), until, generation });
        Ok(value)
    }

    /// Forgets everything; to be called after the keys have changed.
    pub(crate) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.entries.clear();
    }
}

impl<T> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::*;

    const START: Timestamp = datetime!(2026-03-02 09:00 UTC);
    const UNTIL: Timestamp = datetime!(2026-03-02 09:05 UTC);

    fn verify(value: u8) -> impl FnOnce() -> Result<(u8, Timestamp), ()> {
        move || Ok((value, UNTIL))
    }

    #[test]
    fn refusals_are_not_remembered() {
        let cache = Verified::<u8>::new(10);
        assert_eq!(cache.get_or_verify("t", START, || Err("bad")), Err("bad"));
        assert_eq!(cache.get_or_verify("t", START, verify(1)).as_deref(), Ok(&1));
    }

    #[test]
    fn an_entry_counts_until_its_time_and_not_after() {
        let cache = Verified::new(10);
        cache.get_or_verify("t", START, verify(1)).unwrap();
        assert_eq!(*cache.get_or_verify("t", UNTIL - Duration::from_secs(1), verify(2)).unwrap(), 1);
        assert_eq!(*cache.get_or_verify("t", UNTIL, verify(2)).unwrap(), 2);
        assert_eq!(cache.get_or_verify("t", UNTIL, || Err(())), Err(()));
    }

    #[test]
    fn a_result_proved_while_the_keys_changed_does_not_count() {
        let cache = Verified::new(10);
        let raced = cache.get_or_verify("t", START, || {
            cache.forget();
            Ok::<_, ()>((1, UNTIL))
        });
        assert_eq!(*raced.unwrap(), 1);
        assert_eq!(*cache.get_or_verify("t", START, verify(2)).unwrap(), 2);
    }
}
