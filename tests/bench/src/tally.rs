//! What happened: latencies by step, failures by reason.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::histogram::Histogram;

/// Counts shared by all who play.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    steps: BTreeMap<&'static str, Histogram>,
    failures: BTreeMap<String, u64>,
}

impl Tally {
    /// One step took so long.
    pub fn took(&self, step: &'static str, time: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).steps.entry(step).or_default().record(time);
    }

    /// One step failed.
    pub fn failed(&self, step: &str, error: &anyhow::Error) {
        let why = error.downcast_ref::<Status>().map_or_else(|| format!("{error:#}"), why);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).failures.entry(format!("{step}: {why}")).or_default() +=
            1;
    }

    /// How often a step was taken.
    pub fn count(&self, step: &str) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).steps.get(step).map_or(0, Histogram::total)
    }

    /// Steps and failures.
    pub fn report(&self) -> Value {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let steps: BTreeMap<_, _> = counts.steps.iter().map(|(step, times)| (step, times.report())).collect();
        json!({ "steps": steps, "failures": counts.failures })
    }
}

/// Code and reason of a refusal.
fn why(status: &Status) -> String {
    format!("{:?} {}", status.code(), reason(status))
}

/// The reason of a refusal.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
