//! W3C Trace Context, version 00: the `traceparent` of calls and of stored events.
//!
//! `tracestate` and `baggage` are neither read nor sent: from outside they are somebody else's input, and we have no use for them.

use std::fmt;
use std::str::FromStr;

use ehub_clock::Clock;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header's name, and the metadata key.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A valid `traceparent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent(SpanContext);

/// The text is not a `traceparent` of version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a traceparent is 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, none of the ids all zero")]
pub struct NotATraceParent;

impl TraceParent {
    pub(crate) fn of(context: SpanContext) -> Option<Self> {
        context.is_valid().then_some(Self(context))
    }

    /// The one and only `traceparent` of a request, when it is in order; a broken one counts as none (W3C Trace Context §4.3).
    pub(crate) fn extract(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let first = values.next()?;
        if values.next().is_some() {
            return None;
        }
        first.to_str().ok()?.parse().ok()
    }

    pub(crate) fn inject(&self, headers: &mut HeaderMap) {
        let value = HeaderValue::try_from(self.to_string()).expect("digits and hyphens are legal in a header");
        headers.insert(TRACEPARENT, value);
    }

    /// A parent of nothing real, whose children nobody keeps.
    pub(crate) fn unsampled() -> Self {
        let ids = Clock::system().random::<24>();
        let (trace, span) = ids.split_at(16);
        // The last bit set: an id of zeros only would be none.
        let trace = u128::from_be_bytes(trace.try_into().expect("sixteen bytes")) | 1;
        let span = u64::from_be_bytes(span.try_into().expect("eight bytes")) | 1;
        Self(SpanContext::new(trace.into(), span.into(), TraceFlags::NOT_SAMPLED, true, TraceState::NONE))
    }

    pub(crate) fn span_context(&self) -> SpanContext {
        self.0.clone()
    }

    pub(crate) fn remote_context(&self) -> Context {
        Context::new().with_remote_span_context(self.0.clone())
    }

    /// The trace's id as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.0.trace_id().to_string()
    }

    pub(crate) fn ids(&self) -> ([u8; 16], [u8; 8]) {
        (self.0.trace_id().to_bytes(), self.0.span_id().to_bytes())
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.0.trace_flags() & TraceFlags::SAMPLED;
        write!(f, "00-{}-{}-{:02x}", self.0.trace_id(), self.0.span_id(), flags.to_u8())
    }
}

impl FromStr for TraceParent {
    type Err = NotATraceParent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let mut hex = |length: usize| match parts.next() {
            Some(part) if part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) => {
                Ok(part)
            }
            _ => Err(NotATraceParent),
        };
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        if version != "00" || parts.next().is_some() {
            return Err(NotATraceParent);
        }
        let context = SpanContext::new(
            TraceId::from_hex(trace).map_err(|_| NotATraceParent)?,
            SpanId::from_hex(span).map_err(|_| NotATraceParent)?,
            TraceFlags::new(u8::from_str_radix(flags, 16).map_err(|_| NotATraceParent)?) & TraceFlags::SAMPLED,
            true,
            TraceState::NONE,
        );
        Self::of(context).ok_or(NotATraceParent)
    }
}

/// The context of `span`, which is started by asking: its parent can no longer be set.
pub(crate) fn of_span(span: &Span) -> Option<TraceParent> {
    TraceParent::of(span.context().span().span_context().clone())
}

/// The `traceparent` of the current span, to be stored with an event; `None` outside every span.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    of_span(&Span::current()).map(|parent| parent.to_string())
}

/// The `traceparent` of a span, to be stored with an event; `None` where nothing is traced.
#[must_use]
pub fn traceparent_of(span: &Span) -> Option<String> {
    of_span(span).map(|parent| parent.to_string())
}

/// The current trace's id, for an error that a person will quote.
#[must_use]
pub fn current_trace_id() -> Option<String> {
    of_span(&Span::current()).map(|parent| parent.trace_id())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn broken_ones_are_refused() {
        for text in [
            "",
            "00",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(NotATraceParent), "{text}");
        }
    }

    #[test]
    fn two_headers_count_as_none() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static(GOOD));
        assert!(TraceParent::extract(&headers).is_some());
        headers.append(TRACEPARENT, HeaderValue::from_static(GOOD));
        assert!(TraceParent::extract(&headers).is_none());
    }

    #[test]
    fn a_good_one_survives_and_brings_no_other_header() {
        let parent: TraceParent = GOOD.parse().expect("the example of the standard");
        let mut headers = HeaderMap::new();
        parent.inject(&mut headers);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers[TRACEPARENT], GOOD);
        assert_eq!(parent.trace_id(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn flags_we_do_not_know_are_not_passed_on() {
        let parent: TraceParent = GOOD.replace("-01", "-ff").parse().expect("unknown flags are legal");
        assert_eq!(parent.to_string(), GOOD);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<TraceParent>();
        }

        #[test]
        fn writing_and_reading_agree(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let text = format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(sampled));
            prop_assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), text);
        }
    }
}
