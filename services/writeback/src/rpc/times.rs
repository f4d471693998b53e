//! Times and days on the wire.

use prost_types::Timestamp;
use time::{Date, OffsetDateTime, format_description::well_known::Iso8601, macros::format_description};

pub(super) fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp { seconds: at.unix_timestamp(), nanos: i32::try_from(at.nanosecond()).unwrap_or(0) }
}

pub(super) fn moment(at: Option<&Timestamp>) -> Option<OffsetDateTime> {
    let at = at?;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos)).ok()
}

/// `YYYY-MM-DD`; only that form.
pub(super) fn day(text: &str) -> Result<Date, &'static str> {
    let form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = form.then(|| Date::parse(text, &Iso8601::DATE).ok()).flatten();
    date.ok_or("must be a day as YYYY-MM-DD")
}

pub(super) fn written(day: Date) -> String {
    day.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}
