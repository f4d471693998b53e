//! Spans that several services make alike, and the notes they take.

use std::fmt::Display;
use std::sync::OnceLock;

use tracing::Span;
use tracing::field::{Empty, display};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::config::Relation;
use crate::context::TraceParent;

/// The target of the spans of transactions, which are exported only when asked for.
pub(crate) const SQL_TARGET: &str = "ehub::sql";

static RELATION: OnceLock<Relation> = OnceLock::new();

pub(crate) fn configure(relation: Relation) {
    let _ = RELATION.set(relation);
}

/// The relation the deployment chose, or the default before [`crate::init`].
#[must_use]
pub fn configured_relation() -> Relation {
    RELATION.get().copied().unwrap_or_default()
}

/// What one transaction of a subscriber processes.
#[derive(Debug, Clone, Default)]
pub struct Processed<'a> {
    /// The service the events come from.
    pub source: &'a str,
    /// How many events.
    pub messages: usize,
    /// The event's id, when it is one.
    pub message: Option<Uuid>,
    /// The consultation, when all concern the same one.
    pub consultation: Option<Uuid>,
    /// What [`crate::current_traceparent`] gave when each was stored; a broken one is ignored, because no event may
    /// fail over its telemetry.
    pub causes: Vec<&'a str>,
}

/// A consumer span for stored events, not yet entered.
///
/// Events of one cause stand to it as `relation` says. Where there are several causes none is the parent (the messaging
/// conventions for batches): the span begins a trace of its own and links to each.
#[must_use]
pub fn process_span(name: &str, processed: &Processed<'_>, relation: Relation) -> Span {
    let span = tracing::info_span!(
        target: "ehub::process",
        parent: None,
        "process",
        otel.name = name,
        otel.kind = "consumer",
        otel.status_code = Empty,
        error.type = Empty,
        messaging.system = "postgresql",
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = "ehub.events",
        messaging.batch.message_count = Empty,
        messaging.message.id = Empty,
        ehub.event.source = processed.source,
        ehub.consultation.id = Empty,
    );
    if processed.messages > 1 {
        // Signed: an unsigned number would be exported as text.
        span.record("messaging.batch.message_count", i64::try_from(processed.messages).unwrap_or(i64::MAX));
    }
    if let Some(message) = processed.message {
        span.record("messaging.message.id", display(message));
    }
    if let Some(consultation) = processed.consultation {
        span.record("ehub.consultation.id", display(consultation));
    }
    let mut causes: Vec<TraceParent> = Vec::new();
    for cause in processed.causes.iter().filter_map(|text| text.parse().ok()) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    // Both must come before the span is started, and it is started by entering it or asking for its context.
    let alone = causes.len() == 1;
    for cause in causes {
        if alone && relation.parents() {
            let _ = span.set_parent(cause.remote_context());
        }
        if !alone || relation.links() {
            span.add_link(cause.span_context());
        }
    }
    span
}

/// A span for one job of background work that was found, not yet entered: never for a look that found nothing.
///
/// `kind` is from a closed set, such as `send_document`.
#[must_use]
pub fn job_span(kind: &'static str, consultation: Option<Uuid>) -> Span {
    let span = tracing::info_span!(
        target: "ehub::job",
        parent: None,
        "job",
        otel.name = kind,
        otel.kind = "internal",
        otel.status_code = Empty,
        error.type = Empty,
        ehub.job.kind = kind,
        ehub.job.attempt = Empty,
        ehub.consultation.id = Empty,
    );
    if let Some(consultation) = consultation {
        span.record("ehub.consultation.id", display(consultation));
    }
    span
}

/// A span that is never exported, nor what happens inside it, here or at the services it calls: for signs of life and
/// comparisons made every few seconds, which are in the metrics and would bury everything else among the traces.
#[must_use]
pub fn quiet_span(kind: &'static str) -> Span {
    let span =
        tracing::info_span!(target: "ehub::quiet", parent: None, "quiet", otel.name = kind, ehub.job.kind = kind);
    let _ = span.set_parent(TraceParent::unsampled().remote_context());
    span
}

/// A client span for one database transaction, exported only when asked for. `name` is a constant: never a value.
#[must_use]
pub fn transaction_span(name: &'static str) -> Span {
    tracing::debug_span!(
        target: "ehub::sql",
        "transaction",
        otel.name = name,
        otel.kind = "client",
        otel.status_code = Empty,
        error.type = Empty,
        db.system.name = "postgresql",
        db.query.summary = name,
    )
}

/// Adds a link from the current span to a stored `traceparent`; a broken one is ignored.
pub fn link_from(traceparent: &str) {
    if let Ok(cause) = traceparent.parse::<TraceParent>() {
        Span::current().add_link(cause.span_context());
    }
}

/// Says which consultation the current span, and every line inside it, is about.
pub fn record_consultation(id: impl Display) {
    Span::current().record("ehub.consultation.id", display(id));
}

/// Marks `span` failed; `kind` is from a closed set, such as an error reason or an SQLSTATE.
pub fn record_failure(span: &Span, kind: &str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}
