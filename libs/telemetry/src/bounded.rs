//! Export queues that count what they lose: the SDK drops from a full queue, and on a failed export, without a word.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ehub_clock::Clock;
use opentelemetry::logs::Severity;
use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{BatchLogProcessor, LogBatch, LogExporter, LogProcessor, SdkLogRecord};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};

/// At most one line in this time says what was lost.
const PERIOD: Duration = Duration::from_secs(60);

/// How many items of one signal wait for export, and how many were lost and why.
///
/// The bound equals the SDK's own queue, so the SDK never has to drop: whoever is refused is refused, and counted, here.
#[derive(Debug)]
pub(crate) struct Gate {
    signal: &'static str,
    capacity: usize,
    waiting: AtomicUsize,
    overflowed: AtomicU64,
    failed: AtomicU64,
    clock: Clock,
    said: Mutex<Said>,
}

/// What the log was told last.
#[derive(Debug, Default)]
struct Said {
    at: Option<Instant>,
    lost: u64,
}

impl Gate {
    pub fn new(signal: &'static str, capacity: usize) -> Arc<Self> {
        Arc::new(Self::timed(signal, capacity, Clock::system()))
    }

    fn timed(signal: &'static str, capacity: usize, clock: Clock) -> Self {
        Self {
            signal,
            capacity,
            waiting: AtomicUsize::new(0),
            overflowed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            clock,
            said: Mutex::default(),
        }
    }

    /// Whose queue it is.
    pub fn signal(&self) -> &'static str {
        self.signal
    }

    /// Items lost because the queue was full.
    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Items lost because the collector did not take them.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Takes a place. Says nothing: it is called while spans end, where a line would make another span end.
    fn admit(&self) -> bool {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.capacity {
            return true;
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// Gives the places of a batch back, on the exporter's own thread.
    fn release(&self, count: usize, delivered: bool) {
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        if !delivered {
            self.failed.fetch_add(count.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        if let Some(lost) = self.to_be_said() {
            tracing::warn!(target: "ehub::telemetry", signal = self.signal, lost, "telemetry was lost");
        }
    }

    /// How much was lost since the log was told, once in a period: a collector may be away for hours.
    fn to_be_said(&self) -> Option<u64> {
        let lost = self.overflowed() + self.failed();
        let now = self.clock.monotonic();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.at.is_none_or(|at| now.saturating_duration_since(at) >= PERIOD);
        if !due || lost == said.lost {
            return None;
        }
        let news = lost - said.lost;
        *said = Said { at: Some(now), lost };
        Some(news)
    }
}

/// The front of a queue: admits or refuses.
#[derive(Debug)]
pub(crate) struct Entrance<P> {
    gate: Arc<Gate>,
    inner: P,
}

impl<P> Entrance<P> {
    pub fn new(gate: Arc<Gate>, inner: P) -> Self {
        Self { gate, inner }
    }
}

impl SpanProcessor for Entrance<BatchSpanProcessor> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        // What is not sampled never reaches the exporter, so it must not take a place.
        if span.span_context.is_sampled() && self.gate.admit() {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl LogProcessor for Entrance<BatchLogProcessor> {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.gate.admit() {
            self.inner.emit(record, scope);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.inner.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// The back of a queue: frees the places of a batch when its export ended, well or badly.
#[derive(Debug)]
pub(crate) struct Exit<E> {
    gate: Arc<Gate>,
    inner: E,
}

impl<E> Exit<E> {
    pub fn new(gate: Arc<Gate>, inner: E) -> Self {
        Self { gate, inner }
    }
}

impl<E: SpanExporter> SpanExporter for Exit<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let outcome = self.inner.export(batch).await;
        self.gate.release(count, outcome.is_ok());
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Exit<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let count = batch.iter().count();
        let outcome = self.inner.export(batch).await;
        self.gate.release(count, outcome.is_ok());
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.inner.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Metrics have no queue: what is not exported now is in the next export, so only the failed export counts as lost.
impl<E: PushMetricExporter> PushMetricExporter for Exit<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.gate.admit();
        let outcome = self.inner.export(metrics).await;
        self.gate.release(1, outcome.is_ok());
        outcome
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_counts_until_a_batch_left() {
        let gate = Gate::new("traces", 2);
        assert!(gate.admit() && gate.admit());
        assert!(!gate.admit());
        assert_eq!((gate.overflowed(), gate.failed()), (1, 0));
        gate.release(2, false);
        assert_eq!(gate.failed(), 2);
        assert!(gate.admit());
    }

    #[test]
    fn a_loss_is_said_once_in_a_period_and_then_with_everything_since() {
        let (clock, hands) = Clock::manual(time::macros::datetime!(2026-03-01 08:00 UTC));
        let gate = Gate::timed("logs", 1, clock);
        assert_eq!(gate.to_be_said(), None);
        gate.failed.store(5, Ordering::Relaxed);
        assert_eq!(gate.to_be_said(), Some(5));
        gate.overflowed.store(2, Ordering::Relaxed);
        assert_eq!(gate.to_be_said(), None);
        hands.advance(PERIOD);
        assert_eq!(gate.to_be_said(), Some(2));
        hands.advance(PERIOD);
        assert_eq!(gate.to_be_said(), None);
    }
}
