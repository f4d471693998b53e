//! FHIR dates and instants.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time, UtcOffset};

/// Reads a date time as UTC; a date alone is its midnight.
pub(crate) fn read_instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text.trim(), &Rfc3339)
        .map(|at| at.to_offset(UtcOffset::UTC))
        .ok()
        .or_else(|| Some(read_date(text)?.with_time(Time::MIDNIGHT).assume_utc()))
}

/// Reads a full date, or the date of a date time.
pub(crate) fn read_date(text: &str) -> Option<Date> {
    let day = text.trim().get(..10)?;
    Date::parse(day, format_description!("[year]-[month]-[day]")).ok()
}

/// Writes an instant the way EPS examples do, with a numeric offset.
pub(crate) fn write_instant(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let text = at.format(&Rfc3339).unwrap_or_else(|_| at.to_string());
    text.strip_suffix('Z').map_or(text.clone(), |head| format!("{head}+00:00"))
}

/// Writes a date.
pub(crate) fn write_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn partial_dates_are_refused() {
        for text in ["", "2026", "2026-02", "2026-02-30", "é2026-02-0"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let at = datetime!(2026-01-02 03:04:05.000006 UTC);
        assert_eq!(read_instant(&write_instant(at)), Some(at));
        assert_eq!(write_instant(datetime!(2026-07-01 10:00 +1)), "2026-07-01T09:00:00+00:00");
        assert_eq!(read_date("2021-05-18T23:59:59Z"), Some(date!(2021 - 05 - 18)));
    }
}
