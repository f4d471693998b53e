//! Exports one trace for each closed episode, and another when something came late.

use std::time::Duration;

use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::{
    lifecycle::{LifecycleExporter, LifecycleSpan, trace_id, traceparent},
    metrics::{Counter, counter},
};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::lifecycle::{Root, Stage, WHOLE},
    operations::lifecycle::{Examined, FindDue, Trace},
};

/// An episode whose manifest is not settled by then is exported as incomplete.
const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

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

    async fn round(&self, stop: &CancellationToken) -> Result<(), StorageError> {
        for trace in self.db.run(&Scope::work(), &self.find).await? {
            if stop.is_cancelled() {
                return Ok(());
            }
            if !trace.is_exported() && !trace.stages.is_empty() {
                let (id, spans) = spans(&trace);
                if let Err(error) = self.exporter.export(id, &spans).await {
                    EXPORTED.add(1, &[("ehub.outcome", "failed")]);
                    // The same bytes are sent again at the next look.
                    tracing::warn!(error = &error as &dyn std::error::Error, "a lifecycle trace was not exported");
                    return Ok(());
                }
                EXPORTED.add(1, &[("ehub.outcome", "exported")]);
            }
            self.db.run(&Scope::work(), &Examined { trace: &trace }).await?;
        }
        Ok(())
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
