//! Times as people read them: how far away, and the clock's time.

use ehub_clock::{Timestamp, parse_rfc3339};

/// How far away a moment is: `in 12 min`, `3 h ago`.
pub fn distance(moment: Timestamp, now: Timestamp) -> String {
    let seconds = (moment - now).whole_seconds();
    let amount = match seconds.unsigned_abs() {
        below @ 0..90 => format!("{below} s"),
        below @ 90..5_400 => format!("{} min", (below + 30) / 60),
        below @ 5_400..129_600 => format!("{} h", (below + 1_800) / 3_600),
        more => format!("{} d", (more + 43_200) / 86_400),
    };
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {amount}"),
        _ => format!("{amount} ago"),
    }
}

/// A moment with its distance, given as RFC 3339: `14:05:09Z, in 12 min`; what is no time stays as it is.
pub fn moment(text: &str, now: Timestamp) -> String {
    let Ok(at) = parse_rfc3339(text) else { return text.to_owned() };
    let clock = format!("{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second());
    let day = if at.date() == now.date() { String::new() } else { format!("{} ", at.date()) };
    format!("{day}{clock}, {}", distance(at, now))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: Timestamp = datetime!(2026-03-28 12:00 UTC);

    #[test]
    fn what_is_no_time_stays() {
        assert_eq!(moment("soon", NOW), "soon");
    }

    #[test]
    fn distances_use_the_unit_that_fits() {
        for (at, text) in [
            (datetime!(2026-03-28 12:00 UTC), "now"),
            (datetime!(2026-03-28 12:01 UTC), "in 60 s"),
            (datetime!(2026-03-28 11:59:59 UTC), "1 s ago"),
            (datetime!(2026-03-28 12:12 UTC), "in 12 min"),
            (datetime!(2026-03-28 09:00 UTC), "3 h ago"),
            (datetime!(2026-04-01 12:00 UTC), "in 4 d"),
        ] {
            assert_eq!(distance(at, NOW), text);
        }
    }

    #[test]
    fn another_day_is_named() {
        assert_eq!(moment("2026-03-28T12:12:00Z", NOW), "12:12:00Z, in 12 min");
        assert_eq!(moment("2026-03-29T08:00:05Z", NOW), "2026-03-29 08:00:05Z, in 20 h");
    }
}
