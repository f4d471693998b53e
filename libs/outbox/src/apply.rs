//! What becomes of a chunk of a batch, in one transaction.

use std::sync::Arc;

use ehub_postgres::{Span, StorageError, Tx, Work, heard, last_heard, pass};
use ehub_proto::internal::v1::{Outcome, Verdict};
use ehub_telemetry::{Processed, configured_relation, process_span};
use tracing::Instrument as _;

use crate::{Received, Refusal, SKIPPED, Subscription};

/// What goes into one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Events of some streams: a run of each.
    Streams,
    /// Events of many streams, each in order, which change nothing here: one run.
    Passing,
    /// Events that are streams of their own and need no inbox: one run.
    Loners,
}

/// Events that are processed as one, in a span that continues their cause.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub events: Vec<Received>,
    pub span: tracing::Span,
}

impl Run {
    /// Of one event at least.
    pub fn of(events: impl IntoIterator<Item = Received>) -> Self {
        let events: Vec<Received> = events.into_iter().collect();
        let first = &events[0];
        let same = events.iter().all(|event| event.consultation == first.consultation);
        let processed = Processed {
            source: &first.source,
            messages: events.len(),
            message: (events.len() == 1).then_some(first.id),
            consultation: first.consultation.filter(|_| same),
            causes: events.iter().filter_map(|event| event.traceparent.as_deref()).collect(),
        };
        let span = process_span("process ehub.events", &processed, configured_relation());
        Self { events, span }
    }
}

/// Applies a chunk.
pub(crate) struct ApplyChunk<S> {
    pub subscription: Arc<S>,
    pub kind: Chunk,
    pub runs: Arc<[Run]>,
}

impl<S: Subscription> Work for ApplyChunk<S> {
    const NAME: &'static str = "apply_events";
    type Output = Vec<Verdict>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Verdict>, StorageError> {
        let mut verdicts = Vec::new();
        for Run { events, span } in &*self.runs {
            // What follows from events continues their processing.
            tx.continues(span, events[0].traceparent.as_deref());
            let applied = async {
                match self.kind {
                    Chunk::Streams => self.apply_stream(tx, events).await,
                    Chunk::Passing => pass_over(tx, events).await,
                    Chunk::Loners => self.apply_loners(tx, events).await,
                }
            };
            verdicts.extend(applied.instrument(span.clone()).await?);
        }
        Ok(verdicts)
    }
}

impl<S: Subscription> ApplyChunk<S> {
    /// Applies what is next in the stream, and no further.
    async fn apply_stream(&self, tx: &mut Tx, events: &[Received]) -> Result<Vec<Verdict>, StorageError> {
        let first = &events[0];
        let known = last_heard(tx, &first.source, first.stream).await?;
        let mut last = known.unwrap_or(0);
        let mut verdicts = Vec::with_capacity(events.len());
        let mut blocked = false;
        for event in events {
            let (outcome, reason) = if event.version <= last {
                (Outcome::Duplicate, "")
            } else if blocked || event.version > last + 1 {
                (Outcome::NotYet, "")
            } else {
                self.apply_one(tx, event).await?
            };
            match outcome {
                Outcome::Applied => last = event.version,
                Outcome::Duplicate => {}
                _ => blocked = true,
            }
            let expected_version = if outcome == Outcome::NotYet { last + 1 } else { 0 };
            verdicts.push(Verdict {
                outcome: outcome.into(),
                expected_version,
                reason: reason.to_owned(),
                last_version: last,
            });
        }
        if last > known.unwrap_or(0) {
            heard(tx, &first.source, first.stream, first.incarnation, last);
        }
        Ok(verdicts)
    }

    /// Applies one event whose turn it is: the outcome, and why when it is not applied.
    async fn apply_one(&self, tx: &mut Tx, event: &Received) -> Result<(Outcome, &'static str), StorageError> {
        if event.kind == SKIPPED {
            tracing::warn!(source = %event.source, version = event.version, "an event was left out by two people's decision");
            return Ok((Outcome::Applied, ""));
        }
        if !self.subscription.knows(&event.source, &event.kind) {
            tracing::error!(source = %event.source, kind = %event.kind, "an event of a kind unknown here waits");
            return Ok((Outcome::NotYet, "UNKNOWN_KIND"));
        }
        match self.subscription.apply(tx, event).await {
            Ok(()) => Ok((Outcome::Applied, "")),
            Err(Refusal::Never(reason)) => {
                tracing::error!(kind = %event.kind, reason, "event refused");
                Ok((Outcome::Refused, reason))
            }
            Err(Refusal::NotYet(_)) => Ok((Outcome::NotYet, "")),
            Err(Refusal::Storage(error)) => Err(error),
        }
    }

    /// Applies events that are streams of their own and need no inbox.
    async fn apply_loners(&self, tx: &mut Tx, events: &[Received]) -> Result<Vec<Verdict>, StorageError> {
        let mut verdicts = Vec::with_capacity(events.len());
        for event in events {
            let (outcome, reason) = self.apply_one(tx, event).await?;
            let expected_version = i64::from(outcome == Outcome::NotYet);
            verdicts.push(Verdict {
                outcome: outcome.into(),
                expected_version,
                reason: reason.to_owned(),
                last_version: 0,
            });
        }
        Ok(verdicts)
    }
}

/// Notes that streams went on, as far as each is gapless.
async fn pass_over(tx: &mut Tx, events: &[Received]) -> Result<Vec<Verdict>, StorageError> {
    let runs: Vec<&[Received]> = events.chunk_by(|a, b| a.stream == b.stream).collect();
    let gapless = |run: &[Received]| run.windows(2).take_while(|two| two[1].version == two[0].version + 1).count();
    let spans: Vec<Span> = runs
        .iter()
        .map(|run| Span { stream: run[0].stream, first: run[0].version, last: run[gapless(run)].version })
        .collect();
    let first = &events[0];
    let known = pass(tx, &first.source, first.incarnation, &spans).await?;
    let verdicts = runs.iter().zip(&spans).flat_map(|(run, span)| {
        let known = known.get(&span.stream).copied().unwrap_or(0);
        let last = if span.first <= known + 1 { known.max(span.last) } else { known };
        run.iter().map(move |event| passed(event.version, known, last))
    });
    Ok(verdicts.collect())
}

/// The verdict on a version that passes, where `known` was the last before and `last` is now.
fn passed(version: i64, known: i64, last: i64) -> Verdict {
    let outcome = match version {
        _ if version <= known => Outcome::Duplicate,
        _ if version <= last => Outcome::Applied,
        _ => Outcome::NotYet,
    };
    let expected_version = if outcome == Outcome::NotYet { last + 1 } else { 0 };
    Verdict {
        outcome: outcome.into(),
        expected_version,
        last_version: last.min(version.max(known)),
        ..Verdict::default()
    }
}
