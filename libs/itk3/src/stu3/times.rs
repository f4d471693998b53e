//! FHIR dates and instants.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// Reads an instant or date time as UTC. Tolerant: seconds, zone or the whole time may be missing (then UTC and
/// midnight are taken); a bare year or month is not a time.
pub(crate) fn read_instant(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(at.to_offset(UtcOffset::UTC));
    }
    let seconds = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    PrimitiveDateTime::parse(text, seconds)
        .or_else(|_| PrimitiveDateTime::parse(text, minutes))
        .map(PrimitiveDateTime::assume_utc)
        .ok()
        .or_else(|| Some(read_date(text)?.with_time(Time::MIDNIGHT).assume_utc()))
}

/// Reads a full date; years and months alone are not accepted.
pub(crate) fn read_date(text: &str) -> Option<Date> {
    Date::parse(text.trim(), format_description!("[year]-[month]-[day]")).ok()
}

/// Writes an instant with its offset.
pub(crate) fn write_instant(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// Writes a date.
pub(crate) fn write_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn partial_dates_are_not_instants() {
        for text in ["2026", "2026-01", "yesterday", "", "2026-13-01T00:00:00Z"] {
            assert_eq!(read_instant(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_taken_to_utc() {
        assert_eq!(read_instant("2026-07-01T10:00:00+01:00"), Some(datetime!(2026-07-01 09:00 UTC)));
        assert_eq!(read_instant("2026-07-01T10:00:00.5"), Some(datetime!(2026-07-01 10:00:00.5 UTC)));
        assert_eq!(read_instant("2026-07-01T10:00"), Some(datetime!(2026-07-01 10:00 UTC)));
        assert_eq!(read_instant("2026-07-01"), Some(datetime!(2026-07-01 00:00 UTC)));
    }

    #[test]
    fn written_instants_read_back() {
        let at = datetime!(2026-01-02 03:04:05.000006 UTC);
        assert_eq!(read_instant(&write_instant(at)), Some(at));
    }
}
