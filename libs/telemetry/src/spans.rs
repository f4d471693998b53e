//! Spans that several services make alike, and the notes they take.

use std::fmt::Display;
use std::sync::OnceLock;

use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::config::Relation;
use crate::context::TraceParent;

/// The target of SQL spans, which are exported only when asked for.
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

/// A consumer span for one stored event or job, not yet entered.
///
/// `traceparent` is what [`crate::current_traceparent`] gave when it was stored; a broken one is ignored, because no
/// event may fail over its telemetry. Without one, or with links only, the span begins a trace of its own.
#[must_use]
pub fn process_span(name: &str, traceparent: Option<&str>, relation: Relation) -> Span {
    let span = tracing::info_span!(
        target: "ehub::process",
        parent: None,
        "process",
        otel.name = name,
        otel.kind = "consumer",
        otel.status_code = Empty,
        error.type = Empty,
        messaging.system = "postgresql",
        messaging.operation.type = "process",
        messaging.message.id = Empty,
        ehub.consultation.id = Empty,
        ehub.practice.id = Empty,
        ehub.job.kind = Empty,
        ehub.job.attempt = Empty,
    );
    if let Some(cause) = traceparent.and_then(|text| text.parse::<TraceParent>().ok()) {
        // Both must come before the span is entered; afterwards it has started and its parent is fixed.
        if relation.parents() {
            let _ = span.set_parent(cause.remote_context());
        }
        if relation.links() {
            span.add_link(cause.span_context());
        }
    }
    span
}

/// A client span for one SQL statement. `summary` is the verb and its table, `text` the parameterised statement: never a value.
#[must_use]
pub fn query_span(summary: &'static str, text: &'static str, namespace: &str) -> Span {
    tracing::debug_span!(
        target: "ehub::sql",
        "query",
        otel.name = summary,
        otel.kind = "client",
        otel.status_code = Empty,
        error.type = Empty,
        db.system.name = "postgresql",
        db.namespace = namespace,
        db.query.summary = summary,
        db.query.text = text,
        db.response.status_code = Empty,
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
    Span::current().record("ehub.consultation.id", tracing::field::display(id));
}

/// Marks `span` failed; `kind` is from a closed set, such as an error reason or an SQLSTATE.
pub fn record_failure(span: &Span, kind: &str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}
