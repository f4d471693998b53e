//! What a batch's verdicts mean for the streams in it. Pure.

use std::collections::HashMap;

use ehub_proto::internal::v1::{Outcome, Verdict};
use uuid::Uuid;

/// What becomes of a stream after a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Everything up to and including this version has been applied.
    Applied(i64),
    /// Wait, and start again at this version.
    Wait { version: i64, reason: &'static str },
    /// The event of this version was refused.
    Refused { version: i64, reason: String },
}

/// The fate of each stream, from the verdicts on its events in order of version. The first event
/// that was not applied decides: those behind it wait for it.
pub(crate) fn fates<'a>(
    events: impl IntoIterator<Item = (Uuid, i64)>,
    verdicts: impl IntoIterator<Item = &'a Verdict>,
) -> HashMap<Uuid, Fate> {
    let mut fates: HashMap<Uuid, Fate> = HashMap::new();
    for ((stream, version), verdict) in events.into_iter().zip(verdicts) {
        let so_far = fates.entry(stream).or_insert(Fate::Applied(version - 1));
        if !matches!(so_far, Fate::Applied(_)) {
            continue;
        }
        *so_far = match verdict.outcome() {
            Outcome::Applied | Outcome::Duplicate => Fate::Applied(version),
            // A receiver that has seen less than we thought is sent the earlier ones again.
            Outcome::NotYet => {
                let expected = verdict.expected_version;
                let version = if expected > 0 { expected.min(version) } else { version };
                Fate::Wait { version, reason: "NOT_YET" }
            }
            Outcome::Refused => Fate::Refused { version, reason: verdict.reason.clone() },
            Outcome::Unspecified => Fate::Wait { version, reason: "NO_VERDICT" },
        };
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(outcome: Outcome, expected_version: i64) -> Verdict {
        Verdict { outcome: outcome.into(), expected_version, reason: "BAD".into(), last_version: 0 }
    }

    #[test]
    fn the_first_event_not_applied_decides() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let fates = fates(
            [(a, 1), (a, 2), (a, 3), (b, 7)],
            &[
                verdict(Outcome::Applied, 0),
                verdict(Outcome::Refused, 0),
                verdict(Outcome::Applied, 0),
                verdict(Outcome::Duplicate, 0),
            ],
        );
        assert_eq!(fates[&a], Fate::Refused { version: 2, reason: "BAD".into() });
        assert_eq!(fates[&b], Fate::Applied(7));
    }

    #[test]
    fn a_gap_starts_again_at_what_is_missing() {
        let a = Uuid::from_u128(1);
        let fates = fates([(a, 5)], &[verdict(Outcome::NotYet, 3)]);
        assert_eq!(fates[&a], Fate::Wait { version: 3, reason: "NOT_YET" });
    }

    #[test]
    fn an_unknown_kind_waits_where_it_stands() {
        let a = Uuid::from_u128(1);
        let fates = fates([(a, 5)], &[verdict(Outcome::NotYet, 0)]);
        assert_eq!(fates[&a], Fate::Wait { version: 5, reason: "NOT_YET" });
    }
}
