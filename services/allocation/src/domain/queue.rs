//! The order in which a pool's items are given out.
//!
//! Band 0 holds emergencies and band 1 what is due within the warn window, both by `work_by`. Band 2
//! is the rest by `fair_due` = `respond_by` + 60 s × the open items of the same practice that were
//! ahead in that pool at arrival, so that one practice's rush does not push the others' patients
//! behind it. That share is capped at the length of the warn window. Whatever the share, an item
//! enters band 1 as soon as its own warn window opens: fairness never costs a promise.

use std::time::Duration;

use time::OffsetDateTime;

use crate::domain::{item::WorkItem, words::Urgency};

/// Engineering defaults for a Clinical Safety Officer to set (H3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePolicy {
    /// How long before `work_by` an item is preferred to those with more time.
    pub warn_window: Duration,
    /// How much each open item ahead of the same practice adds in the last band.
    pub fair_share: Duration,
}

impl Default for QueuePolicy {
    fn default() -> Self {
        Self { warn_window: Duration::from_secs(30 * 60), fair_share: Duration::from_secs(60) }
    }
}

/// Where an item stands in its pool's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// 0, 1 or 2.
    pub band: i16,
    /// The order within the band.
    pub due: OffsetDateTime,
    /// In band 2: when it enters band 1.
    pub promote_at: Option<OffsetDateTime>,
}

impl QueuePolicy {
    /// The order in the last band.
    #[must_use]
    pub fn fair_due(&self, respond_by: OffsetDateTime, ahead: u32) -> OffsetDateTime {
        respond_by + self.fair_share.saturating_mul(ahead).min(self.warn_window)
    }

    /// How many items ahead matter: more of them add nothing.
    #[must_use]
    pub fn most_ahead(&self) -> u32 {
        let share = self.fair_share.as_millis().max(1);
        u32::try_from(self.warn_window.as_millis().div_ceil(share)).unwrap_or(u32::MAX)
    }

    /// An item's place at a moment.
    #[must_use]
    pub fn place(&self, item: &WorkItem, now: OffsetDateTime) -> Place {
        if item.urgency == Urgency::Emergency {
            return Place { band: 0, due: item.work_by, promote_at: None };
        }
        let warn_at = item.work_by - self.warn_window;
        if warn_at <= now {
            Place { band: 1, due: item.work_by, promote_at: None }
        } else {
            Place { band: 2, due: item.fair_due, promote_at: Some(warn_at) }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        routing::{Directive, Instruction, route, tests::arrival},
        words::PoolKind,
    };

    fn item(urgency: Urgency, promise: u64, ahead: u32) -> WorkItem {
        let mut arrival = arrival();
        arrival.urgency = urgency;
        arrival.respond_by = arrival.accepted_at + Duration::from_secs(promise);
        let instruction = Instruction { holder: PoolKind::Hub, skill: "gp".into(), urgency: None, work_within: None };
        route(&arrival, &Directive { rule: "r".into(), instruction }, &QueuePolicy::default(), ahead)
    }

    #[test]
    fn an_emergency_is_first_however_much_time_it_has() {
        let item = item(Urgency::Emergency, 900_000, 0);
        assert_eq!(QueuePolicy::default().place(&item, item.accepted_at).band, 0);
    }

    #[test]
    fn the_warn_window_promotes() {
        let policy = QueuePolicy::default();
        let item = item(Urgency::Routine, 7200, 3);
        let early = policy.place(&item, item.accepted_at);
        assert_eq!((early.band, early.due), (2, item.respond_by + Duration::from_secs(180)));
        let warn_at = early.promote_at.expect("band 2 is promoted");
        assert_eq!(warn_at, item.work_by - policy.warn_window);
        let late = policy.place(&item, warn_at);
        assert_eq!((late.band, late.due, late.promote_at), (1, item.work_by, None));
    }

    proptest! {
        #[test]
        fn no_more_ahead_than_matter_are_counted(warn in 0_u64..100_000, share in 0_u64..1_000, more in any::<u32>()) {
            let (warn_window, fair_share) = (Duration::from_secs(warn), Duration::from_secs(share));
            let policy = QueuePolicy { warn_window, fair_share };
            let (at, most) = (OffsetDateTime::UNIX_EPOCH, policy.most_ahead());
            prop_assert_eq!(policy.fair_due(at, most.saturating_add(more)), policy.fair_due(at, most));
        }

        #[test]
        fn fairness_never_adds_more_than_the_warn_window(promise in 0_u64..2_000_000, ahead in any::<u32>()) {
            let policy = QueuePolicy::default();
            let item = item(Urgency::Routine, promise, ahead);
            prop_assert!(item.fair_due >= item.respond_by);
            prop_assert!(item.fair_due <= item.respond_by + policy.warn_window);
        }
    }
}
