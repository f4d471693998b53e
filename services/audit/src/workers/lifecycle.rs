//! Exports one trace for each closed episode, and another when something came late.

use std::time::Duration;

use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::{
    lifecycle::{LifecycleExporter, LifecycleSpan, trace_id, traceparent},
    metrics::{Counter, Histogram, STAGE_BUCKETS, counter, histogram},
};
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::lifecycle::{Root, Stage, WHOLE},
    operations::lifecycle::{Examined, FindDue, Trace},
};

/// How many traces are exported at once.
const AT_ONCE: usize = 6;

/// An episode whose manifest is not settled by then is exported as incomplete.
const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

static WHOLE_DURATION: Histogram = histogram(
    "ehub.consultation.duration",
    "s",
    "From first contact until all outcomes were known, by outcome.",
    STAGE_BUCKETS,
);
static STAGE_DURATION: Histogram = histogram(
    "ehub.consultation.stage.duration",
    "s",
    "How long each stage of a consultation took, told once when all outcomes are known.",
    STAGE_BUCKETS,
);
static EXPORTED: Counter = counter("ehub.audit.lifecycle.traces", "{trace}", "Lifecycle traces, by what came of them.");

/// Exports until told to stop.
#[derive(Debug)]
pub struct LifecycleWorker {
    db: Db,
    exporter: LifecycleExporter,
    find: FindDue,
    every: Duration,
}

impl LifecycleWorker {
    /// Exports episodes of which nothing was heard for `quiet`, looking twice in that time.
    pub fn new(db: Db, exporter: LifecycleExporter, quiet: Duration) -> Self {
        let every = (quiet / 2).max(Duration::from_millis(500));
        Self { db, exporter, find: FindDue { quiet, patience: PATIENCE }, every }
    }

    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.round(&stop).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "lifecycle traces were not looked for");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    /// Exports what is due, some at once: each waits for the collector most of the time.
    async fn round(&self, stop: &CancellationToken) -> Result<(), StorageError> {
        for some in self.db.run(&Scope::work(), &self.find).await?.chunks(AT_ONCE) {
            let told = try_join_all(some.iter().map(|trace| self.tell(trace, stop))).await?;
            // One that the collector did not take ends the round: the others would fare no better.
            if told.contains(&false) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Exports one trace and notes it; gives whether the round may go on.
    async fn tell(&self, trace: &Trace, stop: &CancellationToken) -> Result<bool, StorageError> {
        if stop.is_cancelled() {
            return Ok(false);
        }
        if !trace.is_exported() && !trace.stages.is_empty() {
            let (id, spans) = spans(trace);
            let exported = tokio::select! {
                exported = self.exporter.export(id, &spans) => exported,
                // A collector that hangs must not hold up the end; the next start sends the same bytes.
                () = stop.cancelled() => return Ok(false),
            };
            if let Err(error) = exported {
                EXPORTED.add(1, &[("ehub.outcome", "failed")]);
                // The same bytes are sent again at the next look.
                tracing::warn!(error = &error as &dyn std::error::Error, "a lifecycle trace was not exported");
                return Ok(false);
            }
            EXPORTED.add(1, &[("ehub.outcome", "exported")]);
            if trace.revision() == 1 {
                tell_durations(trace);
            }
        }
        self.db.run(&Scope::work(), &Examined { trace }).await?;
        Ok(true)
    }
}

/// How long the whole and its stages took.
fn tell_durations(trace: &Trace) {
    for stage in &trace.stages {
        let seconds = (stage.end - stage.start).as_seconds_f64().max(0.0);
        match stage.root {
            Root::Whole => {
                let outcome = if stage.outcome == "COMPLETE" { "COMPLETE" } else { "INCOMPLETE" };
                WHOLE_DURATION.record(seconds, &[("ehub.outcome", outcome)]);
            }
            Root::Part => STAGE_DURATION.record(seconds, &[("ehub.stage", stage.name)]),
        }
    }
}

/// The trace id and spans of the next revision. Only what is stored goes in: a repeat is the same.
fn spans(trace: &Trace) -> ([u8; 16], Vec<LifecycleSpan>) {
    let consultation = trace.due.consultation;
    let (episode, revision) = (trace.due.episode.unsigned_abs(), trace.revision().unsigned_abs());
    let id = trace_id(consultation, episode, revision);
    let span = |stage: &Stage| {
        let mut attributes = vec![
            ("ehub.consultation.id".to_owned(), consultation.to_string()),
            ("ehub.consultation.episode".to_owned(), episode.to_string()),
        ];
        if !stage.outcome.is_empty() {
            attributes.push(("ehub.stage.outcome".to_owned(), stage.outcome.clone()));
        }
        let mut links = stage.links.clone();
        if stage.root == Root::Whole {
            attributes.push(("ehub.lifecycle.revision".to_owned(), revision.to_string()));
            if revision > 1 {
                links.push(traceparent(trace_id(consultation, episode, revision - 1), WHOLE));
            }
        }
        LifecycleSpan {
            name: stage.name.to_owned(),
            span_key: stage.key.clone(),
            parent_key: (stage.root == Root::Part).then(|| WHOLE.to_owned()),
            start: stage.start,
            end: stage.end,
            attributes,
            links,
        }
    };
    (id, trace.stages.iter().map(span).collect())
}
