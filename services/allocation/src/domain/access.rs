//! What organisations and people may reach: agreements crossed with the roster.

use std::collections::BTreeMap;

use time::Date;
use uuid::Uuid;

/// What a practice's own people may do with its own patients.
pub const OWN_CAPABILITIES: [&str; 3] = ["work", "audit", "read"];

/// The capabilities an agreement may name.
pub const CAPABILITIES: [&str; 6] = ["work", "file", "prescribe", "audit", "read", "submit"];

/// From a day on, to the day before another or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Date,
    /// The day after the last.
    pub to: Option<Date>,
}

impl Days {
    /// The days in both.
    #[must_use]
    pub fn both(self, other: Self) -> Option<Self> {
        let from = self.from.max(other.from);
        let to = match (self.to, other.to) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        to.is_none_or(|to| to > from).then_some(Self { from, to })
    }
}

/// What an organisation may do for a practice's patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The practice.
    pub practice: Uuid,
    /// What it may do.
    pub capabilities: Vec<String>,
    /// When.
    pub days: Days,
}

/// What one person does for the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// The person.
    pub subject: String,
    /// The practices worked for; empty means all.
    pub practices: Vec<Uuid>,
    /// When.
    pub days: Days,
}

impl RosterEntry {
    fn covers(&self, practice: Uuid) -> bool {
        self.practices.is_empty() || self.practices.contains(&practice)
    }
}

/// One right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Whose patients.
    pub practice: Uuid,
    /// The person; empty means every client of the organisation.
    pub person: String,
    /// What.
    pub capability: String,
    /// When.
    pub days: Days,
}

/// Everything an organisation may reach. `own` is the organisation when it is a practice: its people
/// may work on its own patients without an agreement.
#[must_use]
pub fn rights(own: Option<Uuid>, agreements: &[Agreement], roster: &[RosterEntry]) -> Vec<Right> {
    let mut rights = Rights::default();
    for agreement in agreements {
        for capability in &agreement.capabilities {
            rights.add(agreement.practice, "", capability, agreement.days);
            for person in roster.iter().filter(|person| person.covers(agreement.practice)) {
                if let Some(days) = agreement.days.both(person.days) {
                    rights.add(agreement.practice, &person.subject, capability, days);
                }
            }
        }
    }
    if let Some(practice) = own {
        for person in roster.iter().filter(|person| person.covers(practice)) {
            for capability in OWN_CAPABILITIES {
                rights.add(practice, &person.subject, capability, person.days);
            }
        }
    }
    rights
        .0
        .into_iter()
        .map(|((practice, person, capability, from), to)| Right {
            practice,
            person,
            capability,
            days: Days { from, to },
        })
        .collect()
}

/// One right for each key of the access table; of two, the longer.
#[derive(Default)]
struct Rights(BTreeMap<(Uuid, String, String, Date), Option<Date>>);

impl Rights {
    fn add(&mut self, practice: Uuid, person: &str, capability: &str, days: Days) {
        let to = self.0.entry((practice, person.to_owned(), capability.to_owned(), days.from)).or_insert(days.to);
        *to = match (*to, days.to) {
            (Some(one), Some(two)) => Some(one.max(two)),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    const OPEN: Days = Days { from: date!(2026 - 01 - 01), to: None };

    fn agreement(practice: u128, capabilities: &[&str], days: Days) -> Agreement {
        Agreement {
            practice: Uuid::from_u128(practice),
            capabilities: capabilities.iter().map(ToString::to_string).collect(),
            days,
        }
    }

    fn person(subject: &str, practices: &[u128], days: Days) -> RosterEntry {
        RosterEntry {
            subject: subject.into(),
            practices: practices.iter().map(|id| Uuid::from_u128(*id)).collect(),
            days,
        }
    }

    fn people(rights: &[Right]) -> Vec<(&str, u128, &str)> {
        rights
            .iter()
            .map(|right| (right.person.as_str(), right.practice.as_u128(), right.capability.as_str()))
            .collect()
    }

    #[test]
    fn without_an_agreement_nobody_reaches_another_practice() {
        assert!(rights(None, &[], &[person("anna", &[7], OPEN)]).is_empty());
    }

    #[test]
    fn a_listed_practice_without_agreement_gives_nothing() {
        let rights = rights(None, &[agreement(1, &["work"], OPEN)], &[person("anna", &[2], OPEN)]);
        assert_eq!(people(&rights), [("", 1, "work")]);
    }

    #[test]
    fn days_that_do_not_meet_give_nothing() {
        let before = Days { from: date!(2025 - 01 - 01), to: Some(date!(2026 - 01 - 01)) };
        assert_eq!(OPEN.both(before), None);
        let rights = rights(None, &[agreement(1, &["work"], OPEN)], &[person("anna", &[], before)]);
        assert_eq!(people(&rights), [("", 1, "work")]);
    }

    #[test]
    fn an_empty_list_is_every_practice_with_an_agreement() {
        let agreements = [agreement(1, &["work"], OPEN), agreement(2, &["file"], OPEN)];
        let rights = rights(None, &agreements, &[person("anna", &[], OPEN)]);
        assert_eq!(people(&rights), [("", 1, "work"), ("anna", 1, "work"), ("", 2, "file"), ("anna", 2, "file")]);
    }

    #[test]
    fn a_practices_own_people_need_no_agreement_and_its_clients_get_none() {
        let rights = rights(Some(Uuid::from_u128(5)), &[], &[person("pat", &[], OPEN)]);
        assert_eq!(people(&rights), [("pat", 5, "audit"), ("pat", 5, "read"), ("pat", 5, "work")]);
    }

    proptest! {
        #[test]
        fn no_right_outlives_its_agreement(from in 0_u16..400, length in 1_u16..400, start in 0_u16..400) {
            let day = |offset: u16| date!(2026 - 01 - 01) + time::Duration::days(offset.into());
            let days = Days { from: day(from), to: Some(day(from + length)) };
            let roster = Days { from: day(start), to: None };
            for right in rights(None, &[agreement(1, &["work"], days)], &[person("anna", &[], roster)]) {
                prop_assert!(right.days.from >= days.from);
                prop_assert!(right.days.to.is_some_and(|to| to <= day(from + length)));
            }
        }
    }
}
