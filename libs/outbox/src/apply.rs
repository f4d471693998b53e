//! What becomes of a chunk of a batch, in one transaction.

use std::sync::Arc;

use ehub_postgres::{Span, StorageError, Tx, Work, heard, last_heard, pass};
use ehub_proto::internal::v1::{Outcome, Verdict};

use crate::{Received, Refusal, SKIPPED, Subscription};

/// What goes into one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Events of one stream, in order.
    Stream,
    /// Events of several streams, each in order, which change nothing here.
    Passing,
    /// Events that are streams of their own and need no inbox.
    Loners,
}

/// Applies a chunk.
pub(crate) struct ApplyChunk<S> {
    pub subscription: Arc<S>,
    pub kind: Chunk,
    pub events: Vec<Received>,
}

impl<S: Subscription> Work for ApplyChunk<S> {
    const NAME: &'static str = "apply_events";
    type Output = Vec<Verdict>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Verdict>, StorageError> {
        match self.kind {
            Chunk::Stream => self.apply_stream(tx).await,
            Chunk::Passing => self.pass(tx).await,
            Chunk::Loners => self.apply_loners(tx).await,
        }
    }
}

impl<S: Subscription> ApplyChunk<S> {
    /// Applies what is next in the stream, and no further.
    async fn apply_stream(&self, tx: &mut Tx) -> Result<Vec<Verdict>, StorageError> {
        let first = &self.events[0];
        let known = last_heard(tx, &first.source, first.stream).await?;
        let mut last = known.unwrap_or(0);
        let mut verdicts = Vec::with_capacity(self.events.len());
        let mut blocked = false;
        for event in &self.events {
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

    /// Notes that streams went on, as far as each is gapless.
    async fn pass(&self, tx: &mut Tx) -> Result<Vec<Verdict>, StorageError> {
        let runs: Vec<&[Received]> = self.events.chunk_by(|a, b| a.stream == b.stream).collect();
        let gapless = |run: &[Received]| run.windows(2).take_while(|two| two[1].version == two[0].version + 1).count();
        let spans: Vec<Span> = runs
            .iter()
            .map(|run| Span { stream: run[0].stream, first: run[0].version, last: run[gapless(run)].version })
            .collect();
        let first = &self.events[0];
        let known = pass(tx, &first.source, first.incarnation, &spans).await?;
        let verdicts = runs.iter().zip(&spans).flat_map(|(run, span)| {
            let known = known.get(&span.stream).copied().unwrap_or(0);
            let last = if span.first <= known + 1 { known.max(span.last) } else { known };
            run.iter().map(move |event| passed(event.version, known, last))
        });
        Ok(verdicts.collect())
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
    async fn apply_loners(&self, tx: &mut Tx) -> Result<Vec<Verdict>, StorageError> {
        let mut verdicts = Vec::with_capacity(self.events.len());
        for event in &self.events {
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
