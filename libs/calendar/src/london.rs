//! London's wall clock, and the way between `time` at the border and `jiff` inside.

use std::sync::LazyLock;

use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use time::{Date, OffsetDateTime};

static LONDON: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/London").expect("the time zone database is compiled in and has London"));

/// Microseconds since 1970 in UTC: the unit everything inside counts in.
pub(crate) type Micros = i64;

/// The date a calendar on a London wall shows at that instant.
#[must_use]
pub fn local_date(at: OffsetDateTime) -> Date {
    to_time(civil_date(to_micros(at)))
}

/// The instant at which that date begins in London.
#[must_use]
pub fn start_of(date: Date) -> OffsetDateTime {
    from_micros(instant(to_civil(date), 0, Fold::Earlier))
}

/// Which of two instants is meant when the wall clock shows a time twice.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fold {
    Earlier,
    Later,
}

/// The instant at which London's clock shows `minute` (0 to 1440) of `date`. A time that the spring switch leaves out is taken
/// as much later as the clock is moved, as people do who have not moved theirs.
pub(crate) fn instant(date: civil::Date, minute: u16, fold: Fold) -> Micros {
    let (date, minute) = if minute == 1_440 { (date.tomorrow().unwrap_or(date), 0) } else { (date, minute) };
    let [hour, minute] =
        [minute / 60, minute % 60].map(|part| i8::try_from(part).expect("hours and minutes are below 60"));
    let ambiguous = LONDON.to_ambiguous_zoned(date.at(hour, minute, 0, 0));
    let zoned = match (fold, ambiguous.offset()) {
        (Fold::Later, AmbiguousOffset::Fold { .. }) => ambiguous.later(),
        _ => ambiguous.compatible(),
    };
    // Fails only within a day of the years -9999 and 9999, where the answer no longer matters.
    zoned.map_or(Micros::MAX, |zoned| zoned.timestamp().as_microsecond())
}

pub(crate) fn civil_date(at: Micros) -> civil::Date {
    let at = jiff::Timestamp::from_microsecond(at).unwrap_or(if at < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    LONDON.to_datetime(at).date()
}

pub(crate) fn to_micros(at: OffsetDateTime) -> Micros {
    // Years -9999 to 9999 are some 3·10^17 microseconds either way: they fit.
    Micros::try_from(at.unix_timestamp_nanos().div_euclid(1_000))
        .expect("the years time can hold fit into 64 bits of microseconds")
}

pub(crate) fn from_micros(at: Micros) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000).unwrap_or(if at < 0 {
        time::PrimitiveDateTime::MIN.assume_utc()
    } else {
        time::PrimitiveDateTime::MAX.assume_utc()
    })
}

pub(crate) fn to_time(date: civil::Date) -> Date {
    let month = u8::try_from(date.month()).ok().and_then(|month| time::Month::try_from(month).ok());
    let day = u8::try_from(date.day()).ok();
    month
        .zip(day)
        .and_then(|(month, day)| Date::from_calendar_date(i32::from(date.year()), month, day).ok())
        .expect("both libraries hold the years -9999 to 9999 of one calendar")
}

fn to_civil(date: Date) -> civil::Date {
    let year = i16::try_from(date.year()).expect("time holds the years -9999 to 9999");
    let day = i8::try_from(date.day()).expect("days are at most 31");
    let month = i8::try_from(u8::from(date.month())).expect("months are at most 12");
    civil::date(year, month, day)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn the_date_turns_at_london_midnight() {
        assert_eq!(local_date(datetime!(2026-07-01 22:59:59 UTC)), date!(2026 - 07 - 01));
        assert_eq!(local_date(datetime!(2026-07-01 23:00 UTC)), date!(2026 - 07 - 02));
        assert_eq!(local_date(datetime!(2026-01-01 23:59:59 UTC)), date!(2026 - 01 - 01));
    }

    #[test]
    fn days_begin_at_london_midnight() {
        assert_eq!(start_of(date!(2026 - 07 - 01)), datetime!(2026-06-30 23:00 UTC));
        assert_eq!(start_of(date!(2026 - 12 - 01)), datetime!(2026-12-01 00:00 UTC));
    }

    #[test]
    fn a_time_left_out_is_taken_later_and_a_time_shown_twice_as_asked() {
        let spring = to_civil(date!(2026 - 03 - 29));
        assert_eq!(from_micros(instant(spring, 90, Fold::Earlier)), datetime!(2026-03-29 01:30 UTC));
        let autumn = to_civil(date!(2026 - 10 - 25));
        assert_eq!(from_micros(instant(autumn, 90, Fold::Earlier)), datetime!(2026-10-25 00:30 UTC));
        assert_eq!(from_micros(instant(autumn, 90, Fold::Later)), datetime!(2026-10-25 01:30 UTC));
        assert_eq!(from_micros(instant(autumn, 1_440, Fold::Later)), datetime!(2026-10-26 00:00 UTC));
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        for at in [time::PrimitiveDateTime::MIN.assume_utc(), time::PrimitiveDateTime::MAX.assume_utc()] {
            let date = local_date(at);
            let _ = start_of(date);
            let _ = instant(to_civil(date), 1_440, Fold::Later);
        }
    }
}
