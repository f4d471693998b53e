//! What a patient is promised, computed once, at acceptance.

use ehub_calendar::Hours;
use time::{Duration, OffsetDateTime};

use super::codes::{Need, Urgency};

/// One row of an enrolment's promise table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// For which need.
    pub need: Need,
    /// For which urgency: ROUTINE, URGENT or EMERGENCY.
    pub urgency: Urgency,
    /// Minutes until a named person responds, 1 to 20160.
    pub respond_minutes: u32,
    /// Only core hours count.
    pub working_time: bool,
}

/// The two deadlines. They never move later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// By when the patient knows how it will be handled.
    pub plan_by: OffsetDateTime,
    /// By when a named person responds.
    pub respond_by: OffsetDateTime,
}

/// The row of the table an urgency falls under: NOTE is routine, NOT_SCREENED is urgent.
pub fn column(urgency: Urgency) -> Urgency {
    match urgency {
        Urgency::Routine | Urgency::Note => Urgency::Routine,
        Urgency::Urgent | Urgency::NotScreened => Urgency::Urgent,
        Urgency::Emergency => Urgency::Emergency,
    }
}

/// The promise for a need and a screened urgency. A table that was accepted has one for each.
pub fn find(table: &[Promise], need: Need, urgency: Urgency) -> Option<&Promise> {
    table.iter().find(|promise| promise.need == need && promise.urgency == column(urgency))
}

/// The deadlines of a promise. Every clock starts at first contact, never at acceptance.
pub fn deadlines(promise: &Promise, first_contact: OffsetDateTime, core: &Hours) -> Deadlines {
    let respond_by = if promise.working_time {
        core.add_working(first_contact, promise.respond_minutes)
    } else {
        first_contact + Duration::minutes(promise.respond_minutes.into())
    };
    Deadlines { plan_by: core.end_of_day(first_contact), respond_by }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn promise(respond_minutes: u32, working_time: bool) -> Promise {
        Promise { need: Need::Clinical, urgency: Urgency::Routine, respond_minutes, working_time }
    }

    #[test]
    fn a_friday_evening_runs_into_monday() {
        // Friday 6 March 2026, 18:00; core hours end 18:30.
        let made = deadlines(&promise(60, true), datetime!(2026-03-06 18:00 UTC), &Hours::core());
        assert_eq!(made.plan_by, datetime!(2026-03-06 18:30 UTC));
        assert_eq!(made.respond_by, datetime!(2026-03-09 08:30 UTC));
    }

    #[test]
    fn outside_core_hours_the_day_is_the_next_working_day() {
        let made = deadlines(&promise(15, false), datetime!(2026-03-07 12:00 UTC), &Hours::core());
        assert_eq!(made.plan_by, datetime!(2026-03-09 18:30 UTC));
        assert_eq!(made.respond_by, datetime!(2026-03-07 12:15 UTC));
    }

    #[test]
    fn notes_are_routine_and_what_was_not_screened_is_urgent() {
        let table = [promise(60, true), Promise { urgency: Urgency::Urgent, ..promise(10, true) }];
        assert_eq!(find(&table, Need::Clinical, Urgency::Note), Some(&table[0]));
        assert_eq!(find(&table, Need::Clinical, Urgency::NotScreened), Some(&table[1]));
        assert_eq!(find(&table, Need::Clinical, Urgency::Emergency), None);
        assert_eq!(find(&table, Need::Administrative, Urgency::Routine), None);
    }

    proptest! {
        #[test]
        fn a_later_contact_is_never_promised_earlier(start in 1_760_000_000_i64..1_800_000_000, more in 0_i64..1_000_000, minutes in 1_u32..20_160, working: bool) {
            let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("in range");
            let row = promise(minutes, working);
            let (first, second) = (deadlines(&row, at(start), &Hours::core()), deadlines(&row, at(start + more), &Hours::core()));
            prop_assert!(first.respond_by <= second.respond_by && first.plan_by <= second.plan_by);
            prop_assert!(first.respond_by > at(start) && first.plan_by >= at(start));
        }
    }
}
