//! Messages of the contract as values to show, under the contract's own names. An enum value
//! stands without its prefix; what is absent, empty or unspecified is null.

mod audit;
mod consultation;
mod record;
mod work;

pub use audit::{no_loss, timeline_event};
pub use consultation::{CONSULTATION_STATES, consultation, quarantined, receipt};
pub use record::{entry, prescription};
pub use work::{alert, work_item};

use ehub_clock::rfc3339;
use serde_json::Value;

/// An enum value's name without its prefix.
macro_rules! word {
    ($kind:ty, $prefix:literal, $value:expr) => {
        $crate::commands::views::without_prefix(
            <$kind>::try_from($value).ok().map(|known| known.as_str_name()),
            $prefix,
            $value,
        )
    };
}
pub(crate) use word;

/// `UNSPECIFIED` is nothing; a number we do not know is from a newer suite and is shown as it is.
pub fn without_prefix(name: Option<&'static str>, prefix: &str, number: i32) -> Value {
    match name.map(|name| name.strip_prefix(prefix).unwrap_or(name)) {
        Some("UNSPECIFIED") => Value::Null,
        Some(word) => word.into(),
        None => number.into(),
    }
}

/// A time as RFC 3339.
pub fn stamp(time: Option<&prost_types::Timestamp>) -> Value {
    time.and_then(ehub_proto::instant).map_or(Value::Null, |at| rfc3339(at).into())
}

/// A text, unless it is empty.
pub fn text(value: &str) -> Value {
    if value.is_empty() { Value::Null } else { value.into() }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use ehub_proto::intake::v1::State;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn unspecified_is_nothing_and_unknown_is_its_number() {
        assert_eq!(word!(State, "STATE_", 0), Value::Null);
        assert_eq!(word!(State, "STATE_", 2), "IN_PROGRESS");
        assert_eq!(word!(State, "STATE_", 99), 99);
    }

    #[test]
    fn times_survive_the_wire() {
        let at = datetime!(2026-03-28 12:00:00.25 UTC);
        assert_eq!(stamp(Some(&ehub_proto::timestamp(at))), rfc3339(at));
        assert_eq!(stamp(None), Value::Null);
        assert_eq!(stamp(Some(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 })), Value::Null);
    }
}
