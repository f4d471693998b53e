//! Bank holidays in England and Wales, computed from the rules.
//!
//! Rules: Banking and Financial Dealings Act 1971 (schedule 1), the yearly proclamations for New Year's Day and the early May holiday,
//! and common law for Good Friday and Christmas Day. The dates of 2024 to 2030 stand in the tests, those of 2024 to 2027 as published
//! on <https://www.gov.uk/bank-holidays>. A new proclamation (a coronation, a state funeral) is one line in [`PROCLAIMED`] or [`MOVED`].

use time::{Date, Duration, Month, Weekday};

/// A day on which banks, and general practice in core hours, are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BankHoliday {
    /// The day itself: the substitute when the feast falls on a weekend.
    pub date: Date,
    /// What it is called.
    pub name: &'static str,
}

/// Extra days since 2020.
const PROCLAIMED: [(i32, Month, u8, &str); 3] = [
    (2022, Month::June, 3, "Platinum Jubilee bank holiday"),
    (2022, Month::September, 19, "State Funeral of Queen Elizabeth II"),
    (2023, Month::May, 8, "Coronation of King Charles III"),
];

/// Regular days held on another date, since 2020.
const MOVED: [(i32, &str, Month, u8); 2] = [(2020, EARLY_MAY, Month::May, 8), (2022, SPRING, Month::June, 2)];

const EARLY_MAY: &str = "Early May bank holiday";
const SPRING: &str = "Spring bank holiday";

/// The year's bank holidays in order, substitutes in place of weekends. Right from 2020 on; nothing outside the years 1 to 9998.
#[must_use]
pub fn bank_holidays(year: i32) -> Vec<BankHoliday> {
    regular(year).map_or_else(Vec::new, |mut days| {
        for day in &mut days {
            let moved = MOVED.iter().find(|(of, name, ..)| *of == year && *name == day.name);
            if let Some(date) = moved.and_then(|(_, _, month, on)| Date::from_calendar_date(year, *month, *on).ok()) {
                day.date = date;
            }
        }
        let proclaimed = PROCLAIMED.iter().filter(|(of, ..)| *of == year);
        days.extend(proclaimed.filter_map(|(_, month, on, name)| {
            Some(BankHoliday { date: Date::from_calendar_date(year, *month, *on).ok()?, name })
        }));
        days.sort_unstable();
        days
    })
}

/// Whether `date` is a bank holiday in England and Wales. A feast on a weekend is not one; its substitute is.
#[must_use]
pub fn is_bank_holiday(date: Date) -> bool {
    // Every rule keeps within its own year, so only this year's need be looked at.
    matches!(
        date.weekday(),
        Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday
    ) && bank_holidays(date.year()).iter().any(|day| day.date == date)
}

fn regular(year: i32) -> Option<Vec<BankHoliday>> {
    if !(1..=9998).contains(&year) {
        return None;
    }
    let on = |month, day| Date::from_calendar_date(year, month, day).ok();
    let easter = easter_sunday(year)?;
    let christmas = on(Month::December, 25)?;
    let (christmas, boxing) = match christmas.weekday() {
        // Both days on the weekend: Monday and Tuesday stand in for them in order.
        Weekday::Saturday => (christmas + Duration::days(2), christmas + Duration::days(3)),
        // Boxing Day keeps its Monday; Christmas Day is made good on Tuesday.
        Weekday::Sunday => (christmas + Duration::days(2), christmas + Duration::days(1)),
        Weekday::Friday => (christmas, christmas + Duration::days(3)),
        _ => (christmas, christmas + Duration::days(1)),
    };
    let day = |date, name| BankHoliday { date, name };
    Some(vec![
        day(weekday_from(on(Month::January, 1)?), "New Year's Day"),
        day(easter - Duration::days(2), "Good Friday"),
        day(easter + Duration::days(1), "Easter Monday"),
        day(monday_from(on(Month::May, 1)?), EARLY_MAY),
        day(monday_from(on(Month::May, 25)?), SPRING),
        day(monday_from(on(Month::August, 25)?), "Summer bank holiday"),
        day(christmas, "Christmas Day"),
        day(boxing, "Boxing Day"),
    ])
}

/// The day itself, or the Monday after it when it falls on a weekend.
fn weekday_from(date: Date) -> Date {
    if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) { monday_from(date) } else { date }
}

/// The first Monday on or after `date`; from the 25th of a month of 31 days that is its last Monday.
fn monday_from(date: Date) -> Date {
    date + Duration::days((7 - i64::from(date.weekday().number_days_from_monday())) % 7)
}

/// Easter of the Gregorian calendar: the Sunday after the full moon of the church's tables, by the method printed anonymously in
/// *Nature*, 20 April 1876 (also in Meeus, *Astronomical Algorithms*, chapter 8).
fn easter_sunday(year: i32) -> Option<Date> {
    let golden = year % 19;
    let (century, in_century) = (year / 100, year % 100);
    let moon_correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon_correction + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    let days = epact + to_sunday - 7 * late + 114;
    let month = Month::try_from(u8::try_from(days / 31).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(days % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn dates(year: i32) -> Vec<Date> {
        bank_holidays(year).into_iter().map(|day| day.date).collect()
    }

    #[test]
    fn weekends_and_impossible_years_have_none() {
        assert!(!is_bank_holiday(date!(2027 - 12 - 25)), "a Saturday: Monday stands in");
        assert!(!is_bank_holiday(date!(2026 - 04 - 05)), "Easter Sunday");
        for year in [-9999, 0, 9999] {
            assert_eq!(bank_holidays(year), []);
        }
    }

    /// As published for England and Wales, month and day.
    const KNOWN: [(i32, &str); 7] = [
        (2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
        (2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"),
        (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        (2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        (2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"),
        (2029, "01-01 03-30 04-02 05-07 05-28 08-27 12-25 12-26"),
        (2030, "01-01 04-19 04-22 05-06 05-27 08-26 12-25 12-26"),
    ];

    #[test]
    fn dates_of_2024_to_2030() {
        for (year, known) in KNOWN {
            let computed: Vec<String> =
                dates(year).iter().map(|date| format!("{:02}-{:02}", u8::from(date.month()), date.day())).collect();
            assert_eq!(computed.join(" "), known, "{year}");
            assert!(dates(year).iter().all(|date| is_bank_holiday(*date)), "{year}");
        }
    }

    #[test]
    fn extra_and_moved_days() {
        assert!(is_bank_holiday(date!(2020 - 05 - 08)) && !is_bank_holiday(date!(2020 - 05 - 04)));
        assert!(
            is_bank_holiday(date!(2022 - 06 - 02))
                && is_bank_holiday(date!(2022 - 06 - 03))
                && !is_bank_holiday(date!(2022 - 05 - 30))
        );
        assert!(is_bank_holiday(date!(2022 - 09 - 19)) && is_bank_holiday(date!(2023 - 05 - 08)));
        assert_eq!(dates(2022).len(), 10);
    }

    #[test]
    fn christmas_on_a_sunday_is_made_good_on_tuesday() {
        assert_eq!(dates(2022)[8..], [date!(2022 - 12 - 26), date!(2022 - 12 - 27)]);
        let names: Vec<&str> = bank_holidays(2022)[8..].iter().map(|day| day.name).collect();
        assert_eq!(names, ["Boxing Day", "Christmas Day"]);
    }

    #[test]
    fn known_easters() {
        for easter in [
            date!(1943 - 04 - 25),
            date!(1961 - 04 - 02),
            date!(2000 - 04 - 23),
            date!(2008 - 03 - 23),
            date!(2038 - 04 - 25),
        ] {
            assert_eq!(easter_sunday(easter.year()), Some(easter));
        }
    }

    #[test]
    fn every_year_has_eight_on_working_days() {
        for year in 2024..2200 {
            let days = bank_holidays(year);
            assert_eq!(days.len(), 8, "{year}");
            assert!(days.iter().all(|day| is_bank_holiday(day.date)), "{year}");
            assert!(days.windows(2).all(|pair| pair[0].date < pair[1].date), "{year}");
        }
    }
}
