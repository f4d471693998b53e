//! What tells listeners of this process that something waits for them: events that were raised, by kind, and work that a
//! transaction left in a table.
//!
//! A listener of another process hears nothing; its timer does the same, later.

use std::{collections::BTreeMap, fmt};

use tokio::sync::watch;

/// Rings after commits.
#[derive(Debug, Clone)]
pub(crate) struct Bell(watch::Sender<BTreeMap<&'static str, u64>>);

impl Bell {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(BTreeMap::new()))
    }

    /// Says what a transaction has left for others.
    pub(crate) fn ring(&self, what: &[&'static str]) {
        if !what.is_empty() {
            self.0.send_modify(|counts| what.iter().for_each(|kind| *counts.entry(kind).or_default() += 1));
        }
    }

    pub(crate) fn listen(&self, wanted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Raised {
        let mut raised = Raised { counts: self.0.subscribe(), wanted: Box::new(wanted), heard: 0 };
        raised.forget();
        raised
    }
}

/// Hears of what was raised since it last heard.
pub struct Raised {
    counts: watch::Receiver<BTreeMap<&'static str, u64>>,
    wanted: Box<dyn Fn(&str) -> bool + Send + Sync>,
    heard: u64,
}

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raised").field("heard", &self.heard).finish_non_exhaustive()
    }
}

impl Raised {
    /// Returns once something wanted was raised that was not heard of; losing it half way loses nothing.
    pub async fn changed(&mut self) {
        while !self.take() {
            if self.counts.changed().await.is_err() {
                // Nobody is left who could raise anything.
                return std::future::pending().await;
            }
        }
    }

    /// Whether something was raised that was not heard of.
    pub fn has_changed(&self) -> bool {
        self.sum() > self.heard
    }

    /// Takes all that was raised so far as heard of.
    pub fn forget(&mut self) {
        self.take();
    }

    fn take(&mut self) -> bool {
        self.counts.mark_unchanged();
        let sum = self.sum();
        std::mem::replace(&mut self.heard, sum) < sum
    }

    fn sum(&self) -> u64 {
        self.counts.borrow().iter().filter(|(kind, _)| (self.wanted)(kind)).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn each_hears_of_what_it_wants_once() {
        let bell = Bell::new();
        bell.ring(&["before"]);
        let (mut all, mut some) = (bell.listen(|_| true), bell.listen(|kind| kind == "wanted"));
        assert!(!all.has_changed() && all.changed().now_or_never().is_none());
        bell.ring(&[]);
        bell.ring(&["other"]);
        assert!(all.has_changed() && !some.has_changed());
        assert!(all.changed().now_or_never().is_some() && some.changed().now_or_never().is_none());
        bell.ring(&["wanted", "other", "wanted"]);
        assert!(all.changed().now_or_never().is_some() && some.changed().now_or_never().is_some());
        assert!(all.changed().now_or_never().is_none() && some.changed().now_or_never().is_none());
        bell.ring(&["wanted"]);
        some.forget();
        assert!(some.changed().now_or_never().is_none());
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let bell = Bell::new();
        let mut some = bell.listen(|kind| kind == "wanted");
        let waits = tokio::spawn(async move { some.changed().await });
        tokio::task::yield_now().await;
        bell.ring(&["other"]);
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        bell.ring(&["wanted"]);
        waits.await.expect("woken");
    }
}
