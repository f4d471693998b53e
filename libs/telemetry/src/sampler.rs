//! Which traces are kept.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// Follows the caller, then whatever caused the span; only what begins by itself is drawn by ratio.
///
/// Without the second half a kept trace would lose its continuation at every stored event, because the span that
/// processes an event begins a trace of its own and links back.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    fresh: Sampler,
}

impl Follow {
    pub fn new(ratio: f64) -> Self {
        Self { fresh: Sampler::TraceIdRatioBased(ratio) }
    }
}

impl ShouldSample for Follow {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let caller = parent.map(|context| context.span().span_context().clone()).filter(|caller| caller.is_valid());
        let kept = match &caller {
            Some(caller) => Some(caller.is_sampled()),
            None if links.is_empty() => None,
            None => Some(links.iter().any(|link| link.span_context.is_sampled())),
        };
        match kept {
            None => self.fresh.should_sample(parent, trace_id, name, kind, attributes, links),
            Some(kept) => SamplingResult {
                decision: if kept { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
                attributes: Vec::new(),
                trace_state: caller.map(|caller| caller.trace_state().clone()).unwrap_or_default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};

    use super::*;

    fn context(flags: TraceFlags) -> SpanContext {
        SpanContext::new(TraceId::from(7), SpanId::from(9), flags, true, TraceState::NONE)
    }

    fn keeps(ratio: f64, parent: Option<TraceFlags>, links: &[TraceFlags]) -> bool {
        let parent = parent.map(|flags| Context::new().with_remote_span_context(context(flags)));
        let links: Vec<Link> = links.iter().map(|flags| Link::with_context(context(*flags))).collect();
        let found =
            Follow::new(ratio).should_sample(parent.as_ref(), TraceId::from(1), "x", &SpanKind::Server, &[], &links);
        found.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn what_begins_by_itself_is_drawn() {
        assert!(!keeps(0.0, None, &[]));
        assert!(keeps(1.0, None, &[]));
    }

    #[test]
    fn a_caller_decides_whatever_the_ratio() {
        assert!(keeps(0.0, Some(TraceFlags::SAMPLED), &[]));
        assert!(!keeps(1.0, Some(TraceFlags::NOT_SAMPLED), &[TraceFlags::SAMPLED]));
    }

    #[test]
    fn a_cause_decides_where_nobody_called() {
        assert!(keeps(0.0, None, &[TraceFlags::NOT_SAMPLED, TraceFlags::SAMPLED]));
        assert!(!keeps(1.0, None, &[TraceFlags::NOT_SAMPLED]));
    }
}
