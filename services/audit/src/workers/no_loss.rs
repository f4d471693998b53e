//! Computes the proof that nothing is lost, again and again.

use std::time::Duration;

use ehub_telemetry::{
    metrics::{Gauge, gauge},
    quiet_span,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{domain::no_loss::NoLoss, operations::conclude::Prover};

static HOLDS: Gauge = gauge("ehub.audit.no_loss.holds", "1", "1 while nothing breaks the proof of no loss, else 0.");
static BREACHES: Gauge = gauge("ehub.audit.no_loss.breaches", "{breach}", "What breaks the proof of no loss.");
static COUNTED: Gauge = gauge("ehub.audit.no_loss.items", "{consultation}", "Both sides of the equation, by part.");

/// Computes until told to stop.
#[derive(Debug)]
pub struct NoLossWorker {
    prover: Prover,
    every: Duration,
}

impl NoLossWorker {
    /// Computes `every` so often.
    pub fn new(prover: Prover, every: Duration) -> Self {
        Self { prover, every }
    }

    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut held = true;
        loop {
            match self.prover.prove().instrument(quiet_span("no_loss")).await {
                Ok(proof) => {
                    tell(&proof, held);
                    held = proof.holds();
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the proof of no loss was not computed");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }
}

fn tell(proof: &NoLoss, held: bool) {
    HOLDS.set(if proof.holds() { 1.0 } else { 0.0 }, &[]);
    BREACHES.set(proof.breaches.len() as f64, &[]);
    let counts = proof.counts;
    for (part, count) in [
        ("received", counts.received),
        ("in_transit", counts.in_transit),
        ("held", counts.held),
        ("closed", counts.closed),
        ("quarantined", counts.quarantined),
        ("rejected", counts.rejected),
        ("manifest_open", proof.manifest_open),
    ] {
        COUNTED.set(count as f64, &[("ehub.state", part)]);
    }
    if held && !proof.holds() {
        for breach in proof.breaches.iter().take(20) {
            tracing::error!(kind = breach.kind.as_str(), subject = %breach.subject, "the proof of no loss is broken");
        }
    } else if !held && proof.holds() {
        tracing::info!("the proof of no loss holds again");
    }
}
