//! Lifecycle spans as OTLP data. Nothing here depends on when, where or how often it runs.

use std::collections::HashMap;

use ehub_clock::{Timestamp, rfc3339};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use super::{LifecycleShapeError, LifecycleSpan, span_id};
use crate::context::TraceParent;

/// The whole request for one trace.
pub(super) fn request(
    trace_id: [u8; 16],
    spans: &[LifecycleSpan],
) -> Result<ExportTraceServiceRequest, LifecycleShapeError> {
    let shape = Shape::new(spans)?;
    let spans = spans.iter().map(|span| encode(trace_id, span, shape.window(span)?)).collect::<Result<_, _>>()?;
    let scope =
        InstrumentationScope { name: "ehub.lifecycle".to_owned(), version: "1".to_owned(), ..Default::default() };
    let resource = Resource {
        attributes: vec![text("service.name", "ehub"), text("service.namespace", "ehub")],
        ..Default::default()
    };
    Ok(ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, schema_url: String::new() }],
            schema_url: String::new(),
        }],
    })
}

/// From when to when a span is drawn.
type Window = (Timestamp, Timestamp);

/// The spans by key, known to have one root.
struct Shape<'a>(HashMap<&'a str, &'a LifecycleSpan>);

impl<'a> Shape<'a> {
    fn new(spans: &'a [LifecycleSpan]) -> Result<Self, LifecycleShapeError> {
        let mut by_key = HashMap::with_capacity(spans.len());
        for span in spans {
            if by_key.insert(span.span_key.as_str(), span).is_some() {
                return Err(LifecycleShapeError::Repeated(span.span_key.clone()));
            }
        }
        if spans.iter().filter(|span| span.parent_key.is_none()).count() != 1 {
            return Err(LifecycleShapeError::Roots);
        }
        Ok(Self(by_key))
    }

    /// The span's times clamped into its parent's, and those into its own parent's: what comes late or from another
    /// machine's clock would otherwise be drawn outside the picture.
    fn window(&self, span: &LifecycleSpan) -> Result<Window, LifecycleShapeError> {
        let mut line = vec![span];
        while let Some(parent) = line[line.len() - 1].parent_key.as_deref() {
            let parent = self.0.get(parent).ok_or_else(|| LifecycleShapeError::Orphan(parent.to_owned()))?;
            line.push(parent);
            if line.len() > self.0.len() {
                return Err(LifecycleShapeError::Circle(span.span_key.clone()));
            }
        }
        let mut ancestors = line.into_iter().rev();
        let root = ancestors.next().unwrap_or(span);
        let mut window = (root.start, root.end.max(root.start));
        for inner in ancestors {
            let start = inner.start.clamp(window.0, window.1);
            window = (start, inner.end.clamp(start, window.1));
        }
        Ok(window)
    }
}

fn encode(trace_id: [u8; 16], span: &LifecycleSpan, (start, end): Window) -> Result<Span, LifecycleShapeError> {
    let mut attributes: Vec<KeyValue> = span.attributes.iter().map(|(key, value)| text(key, value)).collect();
    if (start, end) != (span.start, span.end) {
        attributes.push(text("ehub.lifecycle.raw_start", &rfc3339(span.start)));
        attributes.push(text("ehub.lifecycle.raw_end", &rfc3339(span.end)));
    }
    Ok(Span {
        trace_id: trace_id.to_vec(),
        span_id: span_id(trace_id, &span.span_key).to_vec(),
        parent_span_id: span.parent_key.as_deref().map_or_else(Vec::new, |key| span_id(trace_id, key).to_vec()),
        // W3C flag "sampled": the trace was made to be kept.
        flags: 1,
        name: span.name.clone(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: nanos(start),
        end_time_unix_nano: nanos(end),
        attributes,
        links: span.links.iter().filter_map(|link| link.parse().ok()).map(|to| link(&to)).collect(),
        ..Default::default()
    })
}

fn link(to: &TraceParent) -> Link {
    let (trace_id, span_id) = to.ids();
    Link { trace_id: trace_id.to_vec(), span_id: span_id.to_vec(), ..Default::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..Default::default() }
}

/// Nanoseconds since 1970; earlier times, which no episode has, count as 1970.
fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.unix_timestamp_nanos()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::super::trace_id;
    use super::*;

    const DAWN: Timestamp = datetime!(2026-03-01 08:00 UTC);

    fn span(key: &str, parent: Option<&str>, from: i64, to: i64) -> LifecycleSpan {
        LifecycleSpan {
            name: key.to_owned(),
            span_key: key.to_owned(),
            parent_key: parent.map(str::to_owned),
            start: DAWN + time::Duration::minutes(from),
            end: DAWN + time::Duration::minutes(to),
            attributes: vec![("ehub.stage".to_owned(), key.to_owned())],
            links: vec!["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(), "broken".to_owned()],
        }
    }

    fn trace() -> [u8; 16] {
        trace_id(Uuid::from_u128(7), 1, 1)
    }

    #[test]
    fn shapes_that_are_no_trace_are_refused() {
        let refused = |spans: &[LifecycleSpan]| request(trace(), spans).expect_err("no trace");
        assert_eq!(refused(&[]), LifecycleShapeError::Roots);
        assert_eq!(refused(&[span("a", None, 0, 1), span("b", None, 0, 1)]), LifecycleShapeError::Roots);
        assert_eq!(
            refused(&[span("a", None, 0, 1), span("a", Some("a"), 0, 1)]),
            LifecycleShapeError::Repeated("a".to_owned())
        );
        assert_eq!(
            refused(&[span("a", None, 0, 1), span("b", Some("c"), 0, 1)]),
            LifecycleShapeError::Orphan("c".to_owned())
        );
        let circle = [span("a", None, 0, 1), span("b", Some("c"), 0, 1), span("c", Some("b"), 0, 1)];
        assert_eq!(refused(&circle), LifecycleShapeError::Circle("b".to_owned()));
    }

    #[test]
    fn a_repeat_is_byte_identical_and_a_revision_is_another_trace() {
        let spans = [span("root", None, 0, 60), span("intake", Some("root"), 0, 1)];
        let bytes = |trace| request(trace, &spans).expect("a trace").encode_to_vec();
        assert_eq!(bytes(trace()), bytes(trace()));
        assert_ne!(trace(), trace_id(Uuid::from_u128(7), 1, 2));
        assert_ne!(trace(), trace_id(Uuid::from_u128(7), 2, 1));
    }

    #[test]
    fn ids_are_these_for_ever() {
        // Recomputed with: printf 'ehub.lifecycle' + 16 bytes of the id + 00000001 00000001 | sha256sum
        assert_eq!(format!("{:032x}", u128::from_be_bytes(trace())), "0b0fdaae6ed1206b0c4424db034d6acb");
        assert_eq!(
            super::super::traceparent(trace(), "root"),
            "00-0b0fdaae6ed1206b0c4424db034d6acb-1c4ba5bd58760e90-01"
        );
    }

    #[test]
    fn times_are_clamped_into_the_parent_and_kept_raw() {
        let spans =
            [span("root", None, 0, 60), span("late", Some("root"), 50, 90), span("inner", Some("late"), 10, 95)];
        let request = request(trace(), &spans).expect("a trace");
        let drawn = &request.resource_spans[0].scope_spans[0].spans;
        let minutes = |span: &Span| {
            let from_dawn = |at: u64| (at - nanos(DAWN)) / 60_000_000_000;
            (from_dawn(span.start_time_unix_nano), from_dawn(span.end_time_unix_nano))
        };
        assert_eq!(drawn.iter().map(minutes).collect::<Vec<_>>(), [(0, 60), (50, 60), (50, 60)]);
        assert_eq!(drawn[0].attributes.len(), 1);
        assert!(drawn[1].attributes.contains(&text("ehub.lifecycle.raw_end", "2026-03-01T09:30:00Z")));
        assert_eq!(drawn[0].links.len(), 1, "the broken link is left out");
        assert!(drawn[0].parent_span_id.is_empty());
        assert_eq!(drawn[2].parent_span_id, drawn[1].span_id);
    }
}
