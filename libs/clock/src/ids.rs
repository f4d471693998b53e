//! UUID version 7 (RFC 9562 §5.7), with the sub-millisecond part in `rand_a` (§6.2, method 3).

use uuid::Uuid;

use crate::Timestamp;

/// Builds the id of `at` from 62 of the given 64 random bits; the last byte of `random` becomes the last byte of the id.
pub(crate) fn uuid_v7(at: Timestamp, random: [u8; 8]) -> Uuid {
    let micros = at.unix_timestamp_nanos() / 1_000;
    // Before 1970 the format has no representation; such a clock is wrong, and the id then only lacks its order.
    let millis = u64::try_from(micros / 1_000).unwrap_or(0);
    let within = u16::try_from(micros.rem_euclid(1_000)).expect("a remainder of 1000 fits");
    let fraction = u32::from(within) * 4_096 / 1_000;

    let mut tail = [0; 10];
    let [_, _, high, low] = fraction.to_be_bytes();
    tail[0] = high;
    tail[1] = low;
    tail[2..].copy_from_slice(&random);
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;
    use uuid::{Variant, Version};

    use super::*;
    use crate::Clock;

    #[test]
    fn layout_is_time_then_version_then_random() {
        let id = uuid_v7(datetime!(2026-01-01 00:00:00.000_500 UTC), [0xFF; 8]);
        let bytes = id.as_bytes();
        let millis = bytes[..6].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        assert_eq!(millis, 1_767_225_600_000);
        assert_eq!(bytes[6], 0x78, "version 7, then half of a millisecond: 0x800 of 0x1000");
        assert_eq!(bytes[7], 0x00);
        assert_eq!(bytes[8], 0xBF, "variant 10");
        assert_eq!(bytes[9..], [0xFF; 7]);
    }

    #[test]
    fn a_clock_before_1970_still_gives_an_id() {
        let id = uuid_v7(datetime!(1969-12-31 23:59:59 UTC), [1; 8]);
        assert_eq!(id.get_version(), Some(Version::SortRand));
    }

    #[test]
    fn shard_is_the_last_byte() {
        let clock = Clock::system();
        for shard in 0..=u8::MAX {
            let id = clock.uuid_v7_in_shard(shard);
            assert_eq!(id.as_bytes()[15], shard);
            assert_eq!(id.get_version(), Some(Version::SortRand));
            assert_eq!(id.get_variant(), Variant::RFC4122);
        }
    }

    proptest! {
        #[test]
        fn a_later_microsecond_sorts_later(
            first in 0_i64..4_000_000_000_000_000, gap in 1_i64..10_000_000, a: [u8; 8], b: [u8; 8]
        ) {
            let at = |micros: i64| Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap();
            prop_assert!(uuid_v7(at(first), a) < uuid_v7(at(first + gap), b));
        }
    }
}
