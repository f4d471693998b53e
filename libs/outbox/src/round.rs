//! A relay's round: what it found to do, and why it did not end well.

use std::collections::HashMap;

use ehub_postgres::StorageError;

use crate::{
    held::Held,
    read::Row,
    settle::{Before, SettleError},
};

/// A held stream with what is sent of it.
pub(crate) struct Waiting {
    pub held: Held,
    pub rows: Vec<Row>,
    pub before: Before,
}

/// What a round found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// Nothing.
    Idle,
    /// Something.
    Some,
    /// As much as it may read of a group, or may send: there is more.
    Full,
}

impl Round {
    pub(crate) fn of(rows: &[Row], waiting: &[Waiting], limit: i64) -> Self {
        let mut groups: HashMap<i16, i64> = HashMap::new();
        for row in rows {
            *groups.entry(row.shard_group).or_default() += 1;
        }
        let full = groups.values().any(|read| *read >= limit)
            || waiting.iter().any(|stream| matches!(stream.before, Before::HeldMore) && !stream.rows.is_empty());
        match (rows.is_empty() && waiting.is_empty(), full) {
            (true, _) => Self::Idle,
            (false, false) => Self::Some,
            (false, true) => Self::Full,
        }
    }
}

/// Why a round did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoundError {
    #[error("storage failed")]
    Storage(#[from] StorageError),
    #[error("the outcome could not be settled")]
    Settle(#[from] SettleError),
    #[error("the subscriber did not answer")]
    Deliver(#[source] Box<tonic::Status>),
    #[error("the subscriber judged {got} of {sent} events")]
    Verdicts { sent: usize, got: usize },
    #[error("the subscriber is ahead of its source in {0} streams: the source has lost what it said")]
    Ahead(usize),
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    fn rows(group: i16, count: i64) -> Vec<Row> {
        let row = |id| Row {
            id,
            xid: "1".to_owned(),
            shard_group: group,
            stream: Uuid::from_u128(1),
            version: id,
            kind: String::new(),
            body: Vec::new(),
            event: Uuid::nil(),
            consultation: None,
            traceparent: None,
            at: OffsetDateTime::UNIX_EPOCH,
            held: false,
            skipped: false,
        };
        (1..=count).map(row).collect()
    }

    #[test]
    fn there_is_more_where_as_much_was_read_as_may_be() {
        let three = [rows(1, 49), rows(2, 49), rows(3, 2)].concat();
        assert!(Round::of(&three, &[], 50) == Round::Some, "a hundred, and none of a full group");
        let full = [rows(1, 50), rows(2, 1)].concat();
        assert!(Round::of(&full, &[], 50) == Round::Full, "whether they concern the subscriber or not");
        assert!(Round::of(&[], &[], 50) == Round::Idle);
    }

    #[test]
    fn there_is_more_where_a_held_stream_has_more() {
        let held = |before, rows| Waiting { held: Held { stream: Uuid::nil(), version: 1 }, rows, before };
        assert!(Round::of(&[], &[held(Before::HeldMore, rows(1, 50))], 50) == Round::Full);
        assert!(Round::of(&[], &[held(Before::HeldAll, rows(1, 3))], 50) == Round::Some);
        // Nothing has come since: the stream flows again.
        assert!(Round::of(&[], &[held(Before::HeldAll, Vec::new())], 50) == Round::Some);
    }
}
