//! Timestamps as text: RFC 3339, UTC, `Z`.

use time::format_description::well_known::Rfc3339;

use crate::{Timestamp, truncate};

/// The text is not an RFC 3339 date and time with an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time must be written as RFC 3339 with an offset, such as 2026-01-31T08:00:00Z")]
pub struct NotATimestamp;

/// Writes `at` as `2026-01-31T08:00:00Z`, with up to six digits of fraction where there are any.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let at = truncate(at);
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string()) // only years outside 0..=9999, which RFC 3339 cannot say
}

/// Reads an RFC 3339 time of any offset, as UTC truncated to microseconds.
///
/// # Errors
/// [`NotATimestamp`] when the text has another form, or names an instant that has no UTC form before the year 10000.
pub fn parse_rfc3339(text: &str) -> Result<Timestamp, NotATimestamp> {
    let at = Timestamp::parse(text, &Rfc3339).map_err(|_| NotATimestamp)?;
    at.checked_to_offset(time::UtcOffset::UTC).map(truncate).ok_or(NotATimestamp)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T08:00:00",
            "31/01/2026 08:00",
            "2026-02-30T08:00:00Z",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert_eq!(parse_rfc3339(text), Err(NotATimestamp), "{text}");
        }
    }

    #[test]
    fn offsets_become_utc() {
        let at = parse_rfc3339("2026-07-01T09:00:00.1234567+01:00").unwrap();
        assert_eq!(at, datetime!(2026-07-01 08:00:00.123_456 UTC));
        assert_eq!(rfc3339(at), "2026-07-01T08:00:00.123456Z");
    }

    #[test]
    fn whole_seconds_carry_no_fraction() {
        assert_eq!(rfc3339(datetime!(2026-01-31 08:00 UTC)), "2026-01-31T08:00:00Z");
    }

    proptest! {
        #[test]
        fn writing_and_reading_gives_the_same_instant(micros in 0_i64..250_000_000_000_000_000) {
            let at = Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap();
            prop_assert_eq!(parse_rfc3339(&rfc3339(at)), Ok(at));
        }
    }
}
