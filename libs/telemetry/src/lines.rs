//! Log lines: JSON for collectors, text for people, with the trace and the consultation on each.

use std::fmt;
use std::io::Write as _;

use ehub_clock::{Clock, rfc3339};
use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::config::Format;
use crate::setup::LINE_FIELDS;

/// The layer that writes lines.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    format: Format,
    service: &'static str,
    clock: Clock,
    writer: W,
}

impl Lines<fn() -> std::io::Stderr> {
    /// To standard error: standard output belongs to what a command prints as its result.
    pub fn stderr(format: Format, service: &'static str) -> Self {
        Self { format, service, clock: Clock::system(), writer: std::io::stderr }
    }
}

/// The fields of a span that its lines repeat.
#[derive(Default)]
struct Repeated(Map<String, Value>);

/// Collects fields as JSON values; nothing else can go wrong with them.
struct Collect<'a> {
    into: &'a mut Map<String, Value>,
    only: Option<&'static [&'static str]>,
}

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        if self.only.is_none_or(|names| names.contains(&field.name())) {
            self.into.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Collect<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut repeated = Repeated::default();
        attributes.record(&mut Collect { into: &mut repeated.0, only: Some(&LINE_FIELDS) });
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(repeated);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(repeated) = span.extensions_mut().get_mut::<Repeated>()
        {
            values.record(&mut Collect { into: &mut repeated.0, only: Some(&LINE_FIELDS) });
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Map::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(repeated) = span.extensions().get::<Repeated>() {
                fields.extend(repeated.0.clone());
            }
        }
        event.record(&mut Collect { into: &mut fields, only: None });
        opentelemetry::Context::map_current(|current| {
            let span = current.span().span_context().clone();
            if span.is_valid() {
                fields.insert("trace_id".to_owned(), span.trace_id().to_string().into());
                fields.insert("span_id".to_owned(), span.span_id().to_string().into());
            }
        });
        let line = match self.format {
            Format::Json => self.json(event, fields),
            Format::Pretty => self.pretty(event, fields),
        };
        // A log that cannot be written cannot be told about either.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(line.as_bytes());
    }
}

impl<W> Lines<W> {
    fn json(&self, event: &Event<'_>, mut fields: Map<String, Value>) -> String {
        let metadata = event.metadata();
        fields.insert("timestamp".to_owned(), rfc3339(self.clock.now()).into());
        fields.insert("level".to_owned(), metadata.level().as_str().into());
        fields.insert("target".to_owned(), metadata.target().into());
        fields.insert("service".to_owned(), self.service.into());
        let mut line = Value::Object(fields).to_string();
        line.push('\n');
        line
    }

    fn pretty(&self, event: &Event<'_>, mut fields: Map<String, Value>) -> String {
        let message = fields.remove("message");
        let time = rfc3339(self.clock.now());
        let clock = time.get(11..19).unwrap_or(&time);
        let mut line = format!("{clock} {:5} {}", event.metadata().level(), self.service);
        if let Some(message) = message {
            line.push_str(": ");
            line.push_str(&printable(message.as_str().unwrap_or_default()));
        }
        for (key, value) in fields {
            let value = value.as_str().map_or_else(|| value.to_string(), printable);
            line.push_str(&format!(" {key}={value}"));
        }
        line.push('\n');
        line
    }
}

/// Control characters escaped, so that no value can forge a line or drive a terminal.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics while writing").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(format: Format, act: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let sink = buffer.clone();
        let (clock, _) = Clock::manual(time::macros::datetime!(2026-03-01 08:00 UTC));
        let lines = Lines { format, service: "test", clock, writer: move || sink.clone() };
        with_default(tracing_subscriber::registry().with(lines), act);
        let bytes = buffer.0.lock().expect("no test panics while writing").clone();
        String::from_utf8(bytes).expect("lines are text")
    }

    #[test]
    fn a_json_line_repeats_the_consultation_and_no_other_span_field() {
        let text = written(Format::Json, || {
            let span = tracing::info_span!("s", ehub.consultation.id = tracing::field::Empty, other = "no");
            let _entered = span.enter();
            crate::record_consultation("c-1");
            tracing::warn!(count = 3, "two\nlines");
        });
        assert_eq!(text.lines().count(), 1);
        let line: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(line["ehub.consultation.id"], "c-1");
        assert_eq!(line["message"], "two\nlines");
        assert_eq!(line["count"], 3);
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["timestamp"], "2026-03-01T08:00:00Z");
        assert!(line.get("other").is_none());
    }

    #[test]
    fn a_readable_line_cannot_be_forged() {
        let text = written(Format::Pretty, || tracing::info!(value = "a\n12:00:00 ERROR", "hello"));
        assert_eq!(text, "08:00:00 INFO  test: hello value=a\\n12:00:00 ERROR\n");
    }
}
