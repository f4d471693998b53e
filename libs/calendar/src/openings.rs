//! Opening hours laid out on the line of time.

use std::iter;

use jiff::civil;
use time::Month;

use crate::hours::{Hours, Interval};
use crate::is_bank_holiday;
use crate::london::{Fold, Micros, civil_date, instant, to_time};

/// From opening (included) to closing (not included).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) opens: Micros,
    pub(crate) closes: Micros,
}

impl Hours {
    /// Openings in order that close after `at`; the first may have begun before. Ends only with the calendar.
    pub(crate) fn openings_after(&self, at: Micros) -> impl Iterator<Item = Opening> {
        self.days_after(at).flat_map(|date| self.openings_on(date)).filter(move |opening| opening.closes > at)
    }

    /// The closing of the first local day, from the one of `at` on, whose last closing is still to come.
    pub(crate) fn last_closing_after(&self, at: Micros) -> Option<Micros> {
        self.days_after(at)
            .filter_map(|date| self.openings_on(date).last())
            .map(|opening| opening.closes)
            .find(|closes| *closes > at)
    }

    fn days_after(&self, at: Micros) -> impl Iterator<Item = civil::Date> + use<> {
        // No opening goes past midnight, so none of an earlier day can still be running.
        iter::successors(Some(civil_date(at)), |date| date.tomorrow().ok())
    }

    fn openings_on(&self, date: civil::Date) -> impl Iterator<Item = Opening> {
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).expect("0 to 6");
        let intervals: &[Interval] =
            if self.week[weekday].is_empty() || self.is_shut(date) { &[] } else { &self.week[weekday] };
        intervals
            .iter()
            .map(move |interval| Opening {
                opens: instant(date, interval.opens, Fold::Earlier),
                closes: instant(date, interval.closes, Fold::Later),
            })
            // Only hours within the spring switch can turn out empty.
            .filter(|opening| opening.opens < opening.closes)
    }

    /// Bank holidays, and Christmas Day itself when it falls on a weekend (the GMS regulations name both).
    fn is_shut(&self, date: civil::Date) -> bool {
        if self.bank_holidays {
            return false;
        }
        let date = to_time(date);
        is_bank_holiday(date) || (date.month() == Month::December && date.day() == 25)
    }
}
