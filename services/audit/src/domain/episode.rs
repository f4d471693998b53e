//! One life of a consultation, folded from facts in any order across sources.

use ehub_identifiers::{OrganisationId, QuarantineId};
use time::OffsetDateTime;

use crate::domain::fact::Fact;

/// What is known of an episode so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Episode {
    /// The practice, once known.
    pub practice: Option<OrganisationId>,
    /// The practice, by ODS code.
    pub practice_ods: Option<String>,
    /// The quarantined message it was made of.
    pub quarantined: Option<QuarantineId>,
    /// When the patient made contact.
    pub first_contact_at: Option<OffsetDateTime>,
    /// When it became durable.
    pub accepted_at: Option<OffsetDateTime>,
    /// When it first had a holder.
    pub routed_at: Option<OffsetDateTime>,
    /// When a person first claimed it.
    pub claimed_at: Option<OffsetDateTime>,
    /// When an entry was first filed.
    pub filed_at: Option<OffsetDateTime>,
    /// When a named person had answered: completion needs that the patient was told.
    pub answered_at: Option<OffsetDateTime>,
    /// When it was closed: completed, or withdrawn.
    pub completed_at: Option<OffsetDateTime>,
    /// Whether the promise to the patient was kept.
    pub in_time: Option<bool>,
}

impl Episode {
    /// Takes in one fact that became true at `at`. Earliest times win, so the order of sources does
    /// not matter.
    pub fn fold(&mut self, fact: &Fact, at: OffsetDateTime) {
        match fact {
            Fact::Accepted(accepted) => {
                self.practice = accepted.practice.or(self.practice);
                self.practice_ods = Some(accepted.practice_ods.clone());
                self.quarantined = accepted.quarantined;
                self.first_contact_at = Some(accepted.first_contact_at);
                earliest(&mut self.accepted_at, accepted.accepted_at);
            }
            Fact::Routed { .. } => earliest(&mut self.routed_at, at),
            Fact::Claimed { .. } => {
                // Who has claimed it holds it, even if the routing was never told.
                earliest(&mut self.routed_at, at);
                earliest(&mut self.claimed_at, at);
            }
            Fact::Transferred { .. } => earliest(&mut self.routed_at, at),
            Fact::Stands { name, .. } if name.starts_with("entries/") => earliest(&mut self.filed_at, at),
            Fact::Withdrawn { at, .. } => {
                earliest(&mut self.routed_at, *at);
                earliest(&mut self.completed_at, *at);
            }
            Fact::Completed(completed) => {
                earliest(&mut self.routed_at, completed.completed_at);
                earliest(&mut self.answered_at, completed.completed_at);
                earliest(&mut self.completed_at, completed.completed_at);
                self.in_time = Some(completed.in_time);
            }
            _ => {}
        }
    }
}

fn earliest(known: &mut Option<OffsetDateTime>, at: OffsetDateTime) {
    *known = Some(known.map_or(at, |before| before.min(at)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Duration, macros::datetime};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        fact::{Accepted, Completed},
        root::{ItemState, item_state},
    };

    const DAWN: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);

    fn at(minute: i64) -> OffsetDateTime {
        DAWN + Duration::minutes(minute)
    }

    /// What each source says of one episode, in its own order.
    fn sources() -> Vec<Vec<(Fact, OffsetDateTime)>> {
        let accepted = Fact::Accepted(Accepted {
            episode: 1,
            practice: Some(OrganisationId::new(Uuid::from_u128(1))),
            practice_ods: "A81001".to_owned(),
            quarantined: None,
            first_contact_at: at(0),
            accepted_at: at(1),
        });
        let completed =
            Fact::Completed(Completed { episode: 1, completed_at: at(9), in_time: true, manifest: Vec::new() });
        let stands = |state: &str| Fact::Stands { name: "entries/1".to_owned(), state: state.to_owned() };
        vec![
            vec![(accepted, at(1)), (Fact::Noted, at(2))],
            vec![
                (Fact::Routed { episode: 1 }, at(3)),
                (Fact::Claimed { episode: 1 }, at(4)),
                (Fact::ClaimEnded { episode: 1 }, at(5)),
                (Fact::Claimed { episode: 1 }, at(6)),
                (completed, at(9)),
            ],
            vec![(stands("HELD"), at(7)), (stands("ACKNOWLEDGED"), at(12))],
        ]
    }

    fn folded(order: &[usize]) -> (Episode, Option<ItemState>) {
        let mut waiting: Vec<_> = sources().into_iter().map(Vec::into_iter).collect();
        let mut episode = Episode::default();
        let mut state = None;
        let mut take = |source: usize| {
            if let Some((fact, at)) = waiting[source].next() {
                episode.fold(&fact, at);
                state = item_state(state, &fact);
            }
        };
        order.iter().for_each(|source| take(*source));
        // What the shuffle left over comes at the end.
        (0..3).for_each(|source| (0..6).for_each(|_| take(source)));
        (episode, state)
    }

    proptest! {
        #[test]
        fn any_order_across_sources_ends_the_same(order in prop::collection::vec(0_usize..3, 0..12)) {
            prop_assert_eq!(folded(&order), folded(&[]));
        }
    }

    #[test]
    fn a_completed_episode_knows_all_its_times() {
        let (episode, state) = folded(&[]);
        assert_eq!(state, Some(ItemState::Completed));
        assert_eq!(episode.accepted_at, Some(at(1)));
        assert_eq!(episode.claimed_at, Some(at(4)));
        assert_eq!(episode.filed_at, Some(at(7)));
        assert_eq!((episode.completed_at, episode.in_time), (Some(at(9)), Some(true)));
    }
}
