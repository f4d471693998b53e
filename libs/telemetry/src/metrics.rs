//! Instruments that may be `static`: they do nothing until [`crate::init`] found a collector.
//!
//! ```
//! use ehub_telemetry::metrics::{self, Counter};
//!
//! static ACCEPTED: Counter = metrics::counter("ehub.intake.consultations", "{consultation}", "Consultations by outcome.");
//! ACCEPTED.add(1, &[("ehub.outcome", "accepted")]);
//! ```
//!
//! Attribute values come from closed sets: never an id of a person, a consultation or a practice.

use std::sync::OnceLock;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// The instrumentation scope of everything of ours.
pub(crate) const SCOPE: &str = "ehub";

static METER: OnceLock<Meter> = OnceLock::new();

pub(crate) fn install(meter: Meter) {
    let _ = METER.set(meter);
}

/// Bucket bounds of call durations in seconds (OpenTelemetry semantic conventions, RPC metrics).
pub const CALL_BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Bucket bounds of database operations in seconds (OpenTelemetry semantic conventions, database metrics).
pub const QUERY_BUCKETS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Bucket bounds of delivery lags in seconds: up to five minutes.
pub const LAG_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Bucket bounds of a consultation's stages in seconds: a tenth of a second up to three days.
pub const STAGE_BUCKETS: &[f64] = &[
    0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
    86_400.0, 259_200.0,
];

/// An attribute: name and value.
pub type Attribute<'a> = (&'static str, &'a str);

fn attributes(given: &[Attribute<'_>]) -> Vec<KeyValue> {
    given.iter().map(|(key, value)| KeyValue::new(*key, (*value).to_owned())).collect()
}

/// What every instrument is told at birth.
#[derive(Debug)]
struct About {
    name: &'static str,
    unit: &'static str,
    description: &'static str,
}

macro_rules! instrument {
    ($(#[$doc:meta])* $type:ident, $inner:ty, $make:ident, $maker:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type {
            about: About,
            inner: OnceLock<$inner>,
        }

        $(#[$doc])*
        ///
        /// `unit` is in UCUM with counted things in braces; `description` is one sentence.
        #[must_use]
        pub const fn $make(name: &'static str, unit: &'static str, description: &'static str) -> $type {
            $type { about: About { name, unit, description }, inner: OnceLock::new() }
        }

        impl $type {
            fn get(&self) -> Option<&$inner> {
                let meter = METER.get()?;
                Some(self.inner.get_or_init(|| {
                    meter.$maker(self.about.name).with_unit(self.about.unit).with_description(self.about.description).build()
                }))
            }
        }
    };
}

instrument!(
    /// A count that only grows.
    Counter, opentelemetry::metrics::Counter<u64>, counter, u64_counter
);
instrument!(
    /// A count that grows and shrinks, such as open connections.
    UpDownCounter, opentelemetry::metrics::UpDownCounter<i64>, up_down_counter, i64_up_down_counter
);
instrument!(
    /// The latest of a value that is measured now and then.
    Gauge, opentelemetry::metrics::Gauge<f64>, gauge, f64_gauge
);

impl Counter {
    /// Adds `count`.
    pub fn add(&self, count: u64, attrs: &[Attribute<'_>]) {
        if let Some(inner) = self.get() {
            inner.add(count, &attributes(attrs));
        }
    }
}

impl UpDownCounter {
    /// Adds `change`, which may be negative.
    pub fn add(&self, change: i64, attrs: &[Attribute<'_>]) {
        if let Some(inner) = self.get() {
            inner.add(change, &attributes(attrs));
        }
    }
}

impl Gauge {
    /// Replaces the value.
    pub fn set(&self, value: f64, attrs: &[Attribute<'_>]) {
        if let Some(inner) = self.get() {
            inner.record(value, &attributes(attrs));
        }
    }
}

/// Reports counts of what is there now, such as connections, whenever metrics are sent. Nothing happens without a
/// collector, so call it after [`crate::init`]; the same name twice reports both.
pub fn observe<const N: usize>(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    look: impl Fn() -> [(i64, Vec<Attribute<'static>>); N] + Send + Sync + 'static,
) {
    let Some(meter) = METER.get() else { return };
    meter
        .i64_observable_up_down_counter(name)
        .with_unit(unit)
        .with_description(description)
        .with_callback(move |observer| {
            for (value, attrs) in look() {
                observer.observe(value, &attributes(&attrs));
            }
        })
        .build();
}

/// How often values fell between given bounds.
#[derive(Debug)]
pub struct Histogram {
    about: About,
    buckets: &'static [f64],
    inner: OnceLock<opentelemetry::metrics::Histogram<f64>>,
}

/// A histogram; `buckets` are its upper bounds in `unit`, ascending.
#[must_use]
pub const fn histogram(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    buckets: &'static [f64],
) -> Histogram {
    Histogram { about: About { name, unit, description }, buckets, inner: OnceLock::new() }
}

impl Histogram {
    /// Records one value.
    pub fn record(&self, value: f64, attrs: &[Attribute<'_>]) {
        let Some(meter) = METER.get() else { return };
        let inner = self.inner.get_or_init(|| {
            meter
                .f64_histogram(self.about.name)
                .with_unit(self.about.unit)
                .with_description(self.about.description)
                .with_boundaries(self.buckets.to_vec())
                .build()
        });
        inner.record(value, &attributes(attrs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_collector_instruments_do_nothing() {
        static COUNT: Counter = counter("ehub.test.count", "{thing}", "Things.");
        COUNT.add(1, &[("ehub.outcome", "done")]);
        assert!(COUNT.inner.get().is_none());
    }

    #[test]
    fn bounds_ascend() {
        for buckets in [CALL_BUCKETS, QUERY_BUCKETS, LAG_BUCKETS, STAGE_BUCKETS] {
            assert!(buckets.is_sorted_by(|a, b| a < b));
        }
    }
}
