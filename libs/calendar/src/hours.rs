//! Weekly opening hours and what can be asked of them.

use time::{Duration, OffsetDateTime, Weekday};

use crate::london::{from_micros, to_micros};

/// When a practice or hub is open: per weekday, London time, shut on bank holidays unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// From Monday; each day's intervals in order, apart from each other.
    pub(crate) week: [Vec<Interval>; 7],
    /// Whether bank holidays are like other days.
    pub(crate) bank_holidays: bool,
}

/// Weekday, `(hour, minute)` of opening and of closing, London time; closing may be `(24, 0)`.
pub type WeeklyInterval = (Weekday, (u8, u8), (u8, u8));

/// Minutes of the local day, 0 to 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interval {
    pub(crate) opens: u16,
    pub(crate) closes: u16,
}

/// Why intervals make no opening hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHours {
    /// There is no interval, so nothing would ever be due.
    #[error("opening hours need at least one interval")]
    Empty,
    /// Not a time of day.
    #[error("an opening time is an hour from 0 to 23 and a minute from 0 to 59; closing may also be 24:00")]
    Time,
    /// It closes before it opens, or at once.
    #[error("an interval must close after it opens, on the same day")]
    Order,
    /// Two intervals of one weekday overlap.
    #[error("two intervals of one weekday overlap")]
    Overlap,
}

impl Hours {
    /// Core hours of general practice in England: Monday to Friday 08:00 to 18:30 except bank holidays (GMS Contracts Regulations 2015,
    /// regulation 3).
    #[must_use]
    pub fn core() -> Self {
        let day = vec![Interval { opens: 8 * 60, closes: 18 * 60 + 30 }];
        Self {
            week: std::array::from_fn(|weekday| if weekday < 5 { day.clone() } else { Vec::new() }),
            bank_holidays: false,
        }
    }

    /// Hours from weekly intervals in any order; shut on bank holidays.
    ///
    /// # Errors
    /// When there is none, a time does not exist, an interval is empty or reversed, or two overlap.
    pub fn from_intervals(intervals: &[WeeklyInterval]) -> Result<Self, InvalidHours> {
        if intervals.is_empty() {
            return Err(InvalidHours::Empty);
        }
        let mut week: [Vec<Interval>; 7] = std::array::from_fn(|_| Vec::new());
        for (weekday, opens, closes) in intervals {
            let interval = Interval { opens: minute_of_day(*opens, false)?, closes: minute_of_day(*closes, true)? };
            if interval.opens >= interval.closes {
                return Err(InvalidHours::Order);
            }
            week[usize::from(weekday.number_days_from_monday())].push(interval);
        }
        for day in &mut week {
            day.sort_unstable();
            if day.windows(2).any(|pair| pair[1].opens < pair[0].closes) {
                return Err(InvalidHours::Overlap);
            }
        }
        Ok(Self { week, bank_holidays: false })
    }

    /// The same hours, open on bank holidays (and Christmas Day) as on any such weekday.
    #[must_use]
    pub fn open_on_bank_holidays(mut self) -> Self {
        self.bank_holidays = true;
        self
    }

    /// Whether it is open at that instant; at the closing time it no longer is.
    #[must_use]
    pub fn is_open(&self, at: OffsetDateTime) -> bool {
        self.next_open(at) == from_micros(to_micros(at))
    }

    /// That instant if it is open then, otherwise the next opening.
    #[must_use]
    pub fn next_open(&self, at: OffsetDateTime) -> OffsetDateTime {
        let at = to_micros(at);
        from_micros(self.openings_after(at).next().map_or(i64::MAX, |opening| opening.opens.max(at)))
    }

    /// The first instant by which it has been open for `minutes` since `from`: within opening hours or exactly at a closing.
    /// No minutes at all give the next open instant.
    #[must_use]
    pub fn add_working(&self, from: OffsetDateTime, minutes: u32) -> OffsetDateTime {
        if minutes == 0 {
            return self.next_open(from);
        }
        let from = to_micros(from);
        let mut left = i64::from(minutes) * MICROS_PER_MINUTE;
        for opening in self.openings_after(from) {
            let begins = opening.opens.max(from);
            if opening.closes - begins >= left {
                return from_micros(begins + left);
            }
            left -= opening.closes - begins;
        }
        from_micros(i64::MAX)
    }

    /// How long it is open between two instants; zero when `to` is not after `from`.
    #[must_use]
    pub fn open_between(&self, from: OffsetDateTime, to: OffsetDateTime) -> Duration {
        let (from, to) = (to_micros(from), to_micros(to));
        let within = self.openings_after(from).take_while(|opening| opening.opens < to);
        Duration::microseconds(within.map(|opening| opening.closes.min(to) - opening.opens.max(from)).sum())
    }

    /// The last closing of the local day of `from`, or, when that has passed or the day has no opening, of the next day that has one.
    #[must_use]
    pub fn end_of_day(&self, from: OffsetDateTime) -> OffsetDateTime {
        from_micros(self.last_closing_after(to_micros(from)).unwrap_or(i64::MAX))
    }
}

const MICROS_PER_MINUTE: i64 = 60_000_000;

fn minute_of_day((hour, minute): (u8, u8), closing: bool) -> Result<u16, InvalidHours> {
    match (hour, minute) {
        (0..=23, 0..=59) => Ok(u16::from(hour) * 60 + u16::from(minute)),
        (24, 0) if closing => Ok(1_440),
        _ => Err(InvalidHours::Time),
    }
}

#[cfg(test)]
mod tests;
