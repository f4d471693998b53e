//! Times between the contract and our own type: the one translation everybody needs.

use prost_types::Timestamp;
use time::OffsetDateTime;

/// A time for the wire.
pub fn timestamp(at: OffsetDateTime) -> Timestamp {
    // Always below 10^9.
    Timestamp { seconds: at.unix_timestamp(), nanos: i32::try_from(at.nanosecond()).unwrap_or(0) }
}

/// A time of the wire, cut to the microseconds that are stored. Nothing when it is none: the
/// nanoseconds of a second are 0 to 999,999,999, and times begin with the year 1
/// (`google/protobuf/timestamp.proto`).
pub fn instant(at: &Timestamp) -> Option<OffsetDateTime> {
    if !(0..1_000_000_000).contains(&at.nanos) {
        return None;
    }
    let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos / 1_000 * 1_000);
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().filter(|at| at.year() >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_nothing() {
        for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0), (-62_135_596_801, 0)] {
            assert!(instant(&Timestamp { seconds, nanos }).is_none(), "{seconds} {nanos}");
        }
        assert!(instant(&Timestamp { seconds: -62_135_596_800, nanos: 0 }).is_some(), "the year 1 begins");
    }

    #[test]
    fn a_time_comes_back_to_the_microsecond_before_and_after_1970() {
        for seconds in [-1, 0, 1_767_225_599] {
            let at = instant(&Timestamp { seconds, nanos: 123_456_789 }).expect("a time");
            assert_eq!(timestamp(at), Timestamp { seconds, nanos: 123_456_000 });
        }
    }
}
