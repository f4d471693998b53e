//! Durations as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number of milliseconds, where the key's own name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// As a standard duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

/// A duration written as a whole number and its unit: `250ms`, `2s`, `5m`, `3h`, `14d` (a day being 24 hours).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(Duration);

/// The text is not a whole number with a unit, or too long for a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{EXPECTED}")]
pub struct NotADuration;

const EXPECTED: &str = "a duration must be a whole number and a unit (ms, s, m, h, d), such as \"250ms\" or \"5m\"";

/// Units with their milliseconds, longest first; `ms` stands before `m` and `s` when matching, by its own rule below.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl HumanDuration {
    /// As a standard duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// For defaults in code.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// For defaults in code.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

impl From<Duration> for HumanDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.0
    }
}

impl FromStr for HumanDuration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(NotADuration)?;
        let (number, unit) = text.split_at(digits);
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(NotADuration)?;
        let number: u64 = number.parse().map_err(|_| NotADuration)?;
        number.checked_mul(*millis).map(Self::from_millis).ok_or(NotADuration)
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let whole = UNITS.iter().find(|(_, unit)| millis > 0 && millis.is_multiple_of(u128::from(*unit)));
        let (name, unit) = whole.unwrap_or(&("s", 1_000));
        write!(f, "{}{name}", millis / u128::from(*unit))
    }
}

impl fmt::Debug for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DurationVisitor)
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = HumanDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration as text, such as \"250ms\" or \"5m\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<HumanDuration, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_refused() {
        for text in
            ["", "5", "s", "-5s", "1.5s", "5 s", "5sec", "5M", "1h30m", "99999999999999999999s", "999999999999999999d"]
        {
            assert_eq!(text.parse::<HumanDuration>(), Err(NotADuration), "{text}");
        }
    }

    #[test]
    fn every_unit_reads_and_writes() {
        for (text, millis) in
            [("250ms", 250), ("2s", 2_000), ("5m", 300_000), ("3h", 10_800_000), ("14d", 1_209_600_000), ("0s", 0)]
        {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(duration.get(), Duration::from_millis(millis), "{text}");
            assert_eq!(duration.to_string(), text);
        }
    }

    #[test]
    fn the_largest_exact_unit_is_written() {
        assert_eq!(HumanDuration::from_secs(90).to_string(), "90s");
        assert_eq!(HumanDuration::from_secs(120).to_string(), "2m");
        assert_eq!(format!("{:?}", HumanDuration::from_millis(1_500)), "1500ms");
    }
}
