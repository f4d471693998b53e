//! Whether calls are wanted: all conditions hold, and nobody asked us to stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// Failed observations in a row before a condition that held counts as broken: one slow answer of a database must not
/// take every replica out of service at once.
const PATIENCE: u32 = 3;

/// The conditions of one process; clones share them.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<State>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    conditions: BTreeMap<&'static str, Held>,
    draining: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    holds: bool,
    failures: u32,
}

/// One condition, unmet until its owner says otherwise.
#[derive(Clone, Debug)]
pub struct Condition {
    name: &'static str,
    readiness: Readiness,
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl Readiness {
    /// Without conditions, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// Adds a condition, such as `database` or `schema`.
    #[must_use]
    pub fn condition(&self, name: &'static str) -> Condition {
        self.0.send_modify(|state| {
            state.conditions.insert(name, Held::default());
        });
        Condition { name, readiness: self.clone() }
    }

    /// Whether calls are wanted now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.unmet().is_empty()
    }

    /// What stands in the way.
    #[must_use]
    pub fn unmet(&self) -> Vec<&'static str> {
        let state = self.0.borrow();
        let draining = state.draining.then_some("not draining");
        let conditions = state.conditions.iter().filter(|(_, held)| !held.holds).map(|(name, _)| *name);
        draining.into_iter().chain(conditions).collect()
    }

    /// From now on, and for good, not ready.
    pub(crate) fn drain(&self) {
        self.0.send_modify(|state| state.draining = true);
    }

    /// Wakes on every change until the sender is gone.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

/// The next change of a readiness.
#[derive(Debug)]
pub(crate) struct Changes(watch::Receiver<State>);

impl Changes {
    /// Waits for a change; `false` when there will be none.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

impl Condition {
    /// Says for sure whether it holds.
    pub fn set(&self, holds: bool) {
        self.change(|_| Held { holds, failures: 0 });
    }

    /// Reports one observation: a good one makes it hold, three bad ones in a row break it.
    pub fn observe(&self, good: bool) {
        self.change(|held| {
            let failures = if good { 0 } else { held.failures.saturating_add(1) };
            Held { holds: good || (held.holds && failures < PATIENCE), failures }
        });
    }

    fn change(&self, next: impl FnOnce(Held) -> Held) {
        self.readiness.0.send_if_modified(|state| {
            let held = state.conditions.entry(self.name).or_default();
            let before = *held;
            *held = next(before);
            if held.holds != before.holds {
                tracing::info!(condition = self.name, holds = held.holds, "readiness changed");
            }
            held.holds != before.holds
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unready_until_each_condition_was_met_and_again_when_draining() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready());
        let (database, schema) = (readiness.condition("database"), readiness.condition("schema"));
        database.set(true);
        assert_eq!(readiness.unmet(), ["schema"]);
        schema.observe(true);
        assert!(readiness.is_ready());
        readiness.drain();
        database.set(true);
        assert_eq!(readiness.unmet(), ["not draining"]);
    }

    #[test]
    fn one_bad_observation_is_forgiven_and_three_are_not() {
        let readiness = Readiness::new();
        let database = readiness.condition("database");
        database.observe(false);
        assert!(!readiness.is_ready(), "never met");
        database.observe(true);
        database.observe(false);
        database.observe(false);
        assert!(readiness.is_ready());
        database.observe(false);
        assert!(!readiness.is_ready());
        database.observe(true);
        assert!(readiness.is_ready());
    }
}
