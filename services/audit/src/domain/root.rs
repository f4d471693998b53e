//! The states of the sources' roots, as their events tell them: what `Roots` of each source says.

use crate::domain::fact::Fact;

/// Where allocation's item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// In a pool.
    Queued,
    /// With a person.
    Claimed,
    /// Closed.
    Completed,
    /// Withdrawn before anybody had worked on it.
    Withdrawn,
}

impl ItemState {
    /// The word in the root.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Claimed => "CLAIMED",
            Self::Completed => "COMPLETED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Claimed, Self::Completed, Self::Withdrawn].into_iter().find(|state| state.as_str() == word)
    }
}

/// The item's state after a fact of allocation; facts that do not move it leave it.
pub fn item_state(before: Option<ItemState>, fact: &Fact) -> Option<ItemState> {
    match (fact, before) {
        (Fact::Routed { .. }, _) => Some(ItemState::Queued),
        (Fact::Claimed { .. }, _) => Some(ItemState::Claimed),
        // What was closed meanwhile is opened by routing alone.
        (Fact::ClaimEnded { .. } | Fact::Transferred { .. }, Some(ItemState::Completed)) => before,
        (Fact::ClaimEnded { .. } | Fact::Transferred { .. }, _) => Some(ItemState::Queued),
        (Fact::Completed(_), _) => Some(ItemState::Completed),
        (Fact::Withdrawn { .. }, _) => Some(ItemState::Withdrawn),
        _ => before,
    }
}

/// The state of a root that is the states of its things: `<uuid>=<STATE>` joined by commas, in
/// order of the ids. Names are resource names of one collection.
pub fn joined_state<'a>(things: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut parts: Vec<String> = things
        .into_iter()
        .map(|(name, state)| format!("{}={state}", name.split_once('/').map_or(name, |(_, id)| id)))
        .collect();
    parts.sort();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_item_is_opened_by_routing_alone() {
        let closed = Some(ItemState::Completed);
        assert_eq!(item_state(closed, &Fact::ClaimEnded { episode: 1 }), closed);
        assert_eq!(item_state(closed, &Fact::Transferred { episode: 1 }), closed);
        assert_eq!(item_state(closed, &Fact::Noted), closed);
        assert_eq!(item_state(closed, &Fact::Routed { episode: 2 }), Some(ItemState::Queued));
    }

    #[test]
    fn claims_come_and_go() {
        let mut state = None;
        let facts = [
            (Fact::Noted, None),
            (Fact::Routed { episode: 1 }, Some(ItemState::Queued)),
            (Fact::Claimed { episode: 1 }, Some(ItemState::Claimed)),
            (Fact::ClaimEnded { episode: 1 }, Some(ItemState::Queued)),
            (Fact::Transferred { episode: 1 }, Some(ItemState::Queued)),
        ];
        for (fact, after) in facts {
            state = item_state(state, &fact);
            assert_eq!(state, after);
        }
    }

    #[test]
    fn things_are_joined_in_order_of_their_ids() {
        let things = [("entries/b", "HELD"), ("entries/a", "ACKNOWLEDGED")];
        assert_eq!(joined_state(things), "a=ACKNOWLEDGED,b=HELD");
        assert_eq!(joined_state([]), "");
        assert_eq!(ItemState::parse("CLAIMED"), Some(ItemState::Claimed));
        assert_eq!(ItemState::parse("WITHDRAWN"), Some(ItemState::Withdrawn));
        assert_eq!(ItemState::parse("LOST"), None);
    }
}
