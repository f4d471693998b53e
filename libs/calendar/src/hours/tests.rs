//! Hours over weekends, bank holidays and both switches of 2026 (29 March and 25 October, at 01:00 UTC).

use proptest::prelude::*;
use time::macros::datetime;

use super::*;

/// Every day, all day, bank holidays too.
fn always() -> Hours {
    let mut intervals = Vec::new();
    let mut weekday = Weekday::Monday;
    for _ in 0..7 {
        intervals.push((weekday, (0, 0), (24, 0)));
        weekday = weekday.next();
    }
    Hours::from_intervals(&intervals).unwrap().open_on_bank_holidays()
}

/// A Saturday morning with a break, a Sunday night around the switches.
fn weekend() -> Hours {
    Hours::from_intervals(&[
        (Weekday::Sunday, (0, 30), (4, 0)),
        (Weekday::Saturday, (11, 0), (13, 0)),
        (Weekday::Saturday, (9, 0), (10, 30)),
    ])
    .unwrap()
}

#[test]
fn impossible_hours_are_refused() {
    let monday = |opens, closes| Hours::from_intervals(&[(Weekday::Monday, opens, closes)]);
    assert_eq!(Hours::from_intervals(&[]), Err(InvalidHours::Empty));
    assert_eq!(monday((24, 0), (24, 0)), Err(InvalidHours::Time));
    assert_eq!(monday((8, 60), (9, 0)), Err(InvalidHours::Time));
    assert_eq!(monday((8, 0), (24, 1)), Err(InvalidHours::Time));
    assert_eq!(monday((9, 0), (9, 0)), Err(InvalidHours::Order));
    assert_eq!(monday((18, 0), (8, 0)), Err(InvalidHours::Order));
    let twice = [(Weekday::Monday, (8, 0), (12, 0)), (Weekday::Monday, (11, 59), (13, 0))];
    assert_eq!(Hours::from_intervals(&twice), Err(InvalidHours::Overlap));
}

#[test]
fn core_hours_end_at_half_past_six_and_keep_london_time() {
    let core = Hours::core();
    // Winter: London is UTC. Summer: one hour ahead.
    assert!(!core.is_open(datetime!(2026-01-05 07:59:59.999_999 UTC)));
    assert!(core.is_open(datetime!(2026-01-05 08:00 UTC)));
    assert!(core.is_open(datetime!(2026-01-05 18:29:59.999_999 UTC)));
    assert!(!core.is_open(datetime!(2026-01-05 18:30 UTC)));
    assert!(core.is_open(datetime!(2026-07-06 07:00 UTC)));
    assert!(!core.is_open(datetime!(2026-07-06 17:30 UTC)));
}

#[test]
fn weekends_and_bank_holidays_are_shut() {
    let core = Hours::core();
    assert!(!core.is_open(datetime!(2026-01-03 12:00 UTC)));
    assert!(!core.is_open(datetime!(2026-04-03 12:00 UTC)), "Good Friday");
    assert!(!core.is_open(datetime!(2026-12-28 12:00 UTC)), "substitute for Boxing Day");
    assert!(core.clone().open_on_bank_holidays().is_open(datetime!(2026-12-28 12:00 UTC)));
    // From the Thursday before Easter 2026 to the Tuesday after it, by then in summer time.
    assert_eq!(core.next_open(datetime!(2026-04-02 18:00 UTC)), datetime!(2026-04-07 07:00 UTC));
}

#[test]
fn christmas_day_on_a_saturday_is_shut_though_its_substitute_is_monday() {
    assert!(!weekend().is_open(datetime!(2027-12-25 09:30 UTC)));
    assert!(weekend().is_open(datetime!(2027-12-18 09:30 UTC)));
}

#[test]
fn next_open_is_now_when_open() {
    let at = datetime!(2026-01-05 09:12:13.000_014 UTC);
    assert_eq!(Hours::core().next_open(at), at);
    assert_eq!(weekend().next_open(datetime!(2026-01-03 10:30 UTC)), datetime!(2026-01-03 11:00 UTC));
}

#[test]
fn working_minutes_skip_nights_weekends_and_holidays() {
    let core = Hours::core();
    assert_eq!(core.add_working(datetime!(2026-01-05 09:00 UTC), 60), datetime!(2026-01-05 10:00 UTC));
    assert_eq!(
        core.add_working(datetime!(2026-01-05 18:00 UTC), 30),
        datetime!(2026-01-05 18:30 UTC),
        "exactly at closing"
    );
    assert_eq!(core.add_working(datetime!(2026-01-05 18:00 UTC), 31), datetime!(2026-01-06 08:01 UTC));
    assert_eq!(core.add_working(datetime!(2026-01-05 18:30 UTC), 1), datetime!(2026-01-06 08:01 UTC));
    // 30 minutes of Christmas Eve, then nothing until Tuesday 29 December.
    assert_eq!(core.add_working(datetime!(2026-12-24 18:00 UTC), 60), datetime!(2026-12-29 08:30 UTC));
    assert_eq!(core.add_working(datetime!(2026-01-03 12:00 UTC), 0), datetime!(2026-01-05 08:00 UTC));
}

#[test]
fn a_weekend_over_the_spring_switch_is_an_hour_shorter() {
    let core = Hours::core();
    let friday = datetime!(2026-03-27 18:30 UTC);
    assert_eq!(core.next_open(friday), datetime!(2026-03-30 07:00 UTC));
    assert_eq!(core.add_working(friday, 15), datetime!(2026-03-30 07:15 UTC));
    // All day long: 24 hours from Saturday noon is one o'clock on the wall, not noon.
    assert_eq!(always().add_working(datetime!(2026-03-28 12:00 UTC), 24 * 60), datetime!(2026-03-29 12:00 UTC));
    // Half past midnight to four o'clock holds two and a half hours that night.
    assert_eq!(weekend().add_working(datetime!(2026-03-29 00:30 UTC), 150), datetime!(2026-03-29 03:00 UTC));
    assert!(!weekend().is_open(datetime!(2026-03-29 03:00 UTC)));
}

#[test]
fn a_weekend_over_the_autumn_switch_is_an_hour_longer() {
    let core = Hours::core();
    let friday = datetime!(2026-10-23 17:30 UTC);
    assert!(!core.is_open(friday));
    assert_eq!(core.next_open(friday), datetime!(2026-10-26 08:00 UTC));
    // Half past midnight to four o'clock holds four and a half hours that night.
    let night = datetime!(2026-10-24 23:30 UTC);
    assert_eq!(weekend().open_between(night, datetime!(2026-10-25 12:00 UTC)), Duration::minutes(270));
    assert!(weekend().is_open(datetime!(2026-10-25 00:30 UTC)) && weekend().is_open(datetime!(2026-10-25 01:30 UTC)));
    assert_eq!(weekend().add_working(night, 270), datetime!(2026-10-25 04:00 UTC));
}

#[test]
fn hours_that_begin_or_end_inside_the_switch_stay_in_order() {
    let inside = Hours::from_intervals(&[(Weekday::Sunday, (1, 15), (1, 45))]).unwrap();
    // Spring: 01:15 to 01:45 does not exist and is held at 02:15 to 02:45. Autumn: from the first 01:15 to the second 01:45.
    assert_eq!(inside.next_open(datetime!(2026-03-29 00:00 UTC)), datetime!(2026-03-29 01:15 UTC));
    assert_eq!(inside.end_of_day(datetime!(2026-03-29 00:00 UTC)), datetime!(2026-03-29 01:45 UTC));
    assert_eq!(
        inside.open_between(datetime!(2026-10-25 00:00 UTC), datetime!(2026-10-25 12:00 UTC)),
        Duration::minutes(90)
    );
    // 01:30 (left out, so held at 02:30) to 02:00 turns out empty, and the next Sunday answers.
    let empty = Hours::from_intervals(&[(Weekday::Sunday, (1, 30), (2, 0))]).unwrap();
    assert_eq!(empty.next_open(datetime!(2026-03-29 00:00 UTC)), datetime!(2026-04-05 00:30 UTC));
}

#[test]
fn end_of_day_is_the_last_closing_of_this_or_the_next_open_day() {
    let core = Hours::core();
    assert_eq!(core.end_of_day(datetime!(2026-07-06 05:00 UTC)), datetime!(2026-07-06 17:30 UTC));
    assert_eq!(core.end_of_day(datetime!(2026-07-06 17:29 UTC)), datetime!(2026-07-06 17:30 UTC));
    assert_eq!(core.end_of_day(datetime!(2026-07-06 17:30 UTC)), datetime!(2026-07-07 17:30 UTC));
    assert_eq!(core.end_of_day(datetime!(2026-04-02 17:31 UTC)), datetime!(2026-04-07 17:30 UTC), "over Easter");
    assert_eq!(weekend().end_of_day(datetime!(2026-01-03 09:15 UTC)), datetime!(2026-01-03 13:00 UTC));
    assert_eq!(always().end_of_day(datetime!(2026-10-25 00:30 UTC)), datetime!(2026-10-26 00:00 UTC));
}

#[test]
fn nothing_is_open_backwards() {
    let (from, to) = (datetime!(2026-01-06 12:00 UTC), datetime!(2026-01-05 12:00 UTC));
    assert_eq!(Hours::core().open_between(from, to), Duration::ZERO);
}

#[test]
fn the_end_of_the_calendar_ends_the_search() {
    let last = time::PrimitiveDateTime::MAX.assume_utc();
    assert!(Hours::core().add_working(last, 1) >= last - Duration::seconds(1));
    assert!(Hours::core().end_of_day(last) >= last - Duration::seconds(1));
}

fn instants() -> impl Strategy<Value = OffsetDateTime> {
    // 2024 to 2030, to the microsecond.
    (1_704_067_200_000_000_i64..1_924_905_600_000_000).prop_map(from_micros)
}

fn any_hours() -> impl Strategy<Value = Hours> {
    prop_oneof![Just(Hours::core()), Just(weekend()), Just(always()), Just(Hours::core().open_on_bank_holidays())]
}

proptest! {
    #[test]
    fn working_time_is_monotone(hours in any_hours(), from in instants(), gap in 0_i64..200_000_000_000, minutes in 0_u32..5_000, more in 0_u32..500) {
        let later = from_micros(to_micros(from) + gap);
        prop_assert!(hours.add_working(from, minutes) <= hours.add_working(later, minutes));
        prop_assert!(hours.add_working(from, minutes) <= hours.add_working(from, minutes + more));
        prop_assert!(hours.add_working(from, minutes) >= from);
    }

    #[test]
    fn the_result_is_open_or_at_a_closing(hours in any_hours(), from in instants(), minutes in 0_u32..5_000) {
        let at = hours.add_working(from, minutes);
        prop_assert!(hours.is_open(at) || hours.is_open(at - Duration::microseconds(1)));
    }

    #[test]
    fn exactly_the_asked_minutes_are_open_in_between(hours in any_hours(), from in instants(), minutes in 0_u32..5_000) {
        prop_assert_eq!(hours.open_between(from, hours.add_working(from, minutes)), Duration::minutes(i64::from(minutes)));
    }

    #[test]
    fn adding_in_two_steps_is_adding_at_once(hours in any_hours(), from in instants(), first in 1_u32..2_000, second in 1_u32..2_000) {
        prop_assert_eq!(hours.add_working(hours.add_working(from, first), second), hours.add_working(from, first + second));
    }

    #[test]
    fn next_open_is_open_and_end_of_day_closes(hours in any_hours(), at in instants()) {
        let next = hours.next_open(at);
        prop_assert!(next >= at && hours.is_open(next));
        let end = hours.end_of_day(at);
        prop_assert!(end > at && hours.is_open(end - Duration::microseconds(1)));
    }
}
