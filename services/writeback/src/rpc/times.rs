//! Days on the wire.

use time::{Date, format_description::well_known::Iso8601, macros::format_description};

/// `YYYY-MM-DD`; only that form.
pub(super) fn day(text: &str) -> Result<Date, &'static str> {
    let form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = form.then(|| Date::parse(text, &Iso8601::DATE).ok()).flatten();
    let date = date.filter(|day| (1900..=2200).contains(&day.year()));
    date.ok_or("must be a day as YYYY-MM-DD")
}

pub(super) fn written(day: Date) -> String {
    day.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}
