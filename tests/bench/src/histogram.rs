//! Latencies, counted in buckets whose width is less than one part in 128 of their value, as HDR histograms do.

use std::time::Duration;

use serde_json::{Value, json};

/// Buckets in each power of two.
const STEPS: u64 = 128;
/// Its logarithm.
const STEP_BITS: u32 = 7;

/// Counts of durations, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    most: u64,
}

impl Histogram {
    /// Counts one.
    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = place(micros);
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        self.total += 1;
        self.most = self.most.max(micros);
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The value that so large a share does not exceed, in milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts stay far below 2^52"
        )]
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return millis(upper(place).min(self.most));
            }
        }
        millis(self.most)
    }

    /// The usual quantiles, and enough points to draw the whole.
    pub fn report(&self) -> Value {
        if self.total == 0 {
            return json!({ "count": 0 });
        }
        let shares = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999];
        let points: Vec<Value> = shares.iter().map(|share| json!([share, self.quantile(*share)])).collect();
        json!({
            "count": self.total,
            "p50": self.quantile(0.5),
            "p90": self.quantile(0.9),
            "p99": self.quantile(0.99),
            "p999": self.quantile(0.999),
            "max": millis(self.most),
            "points": points,
        })
    }
}

/// Milliseconds of microseconds.
fn millis(micros: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "latencies stay far below 2^52 microseconds")]
    let millis = micros as f64 / 1000.0;
    millis
}

fn place(micros: u64) -> usize {
    let place = if micros < STEPS {
        micros
    } else {
        let shift = 63 - micros.leading_zeros() - STEP_BITS;
        u64::from(shift + 1) * STEPS + ((micros >> shift) - STEPS)
    };
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn upper(place: usize) -> u64 {
    let place = place as u64;
    if place < STEPS {
        return place;
    }
    let shift = place / STEPS - 1;
    ((place % STEPS + STEPS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        let mut last = 0;
        for micros in 0..200_000 {
            let place = place(micros);
            assert!(place == last || place == last + 1, "{micros}");
            assert!(upper(place) >= micros && (place == 0 || upper(place - 1) < micros), "{micros}");
            last = place;
        }
    }

    #[test]
    fn quantiles_are_within_a_hundredth() {
        let mut histogram = Histogram::default();
        for micros in 1..=100_000 {
            histogram.record(Duration::from_micros(micros));
        }
        for (share, wanted) in [(0.5, 50.0), (0.99, 99.0), (0.999, 99.9), (1.0, 100.0)] {
            assert!((histogram.quantile(share) - wanted).abs() / wanted < 0.01, "{share}");
        }
        assert_eq!(histogram.total(), 100_000);
    }

    #[test]
    fn nothing_counted_is_said() {
        assert_eq!(Histogram::default().report(), json!({ "count": 0 }));
    }
}
