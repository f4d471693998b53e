//! The three pipelines from the process to the collector.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{BatchConfigBuilder as LogBatchConfig, BatchLogProcessor, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Stream};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use tonic::metadata::{MetadataKey, MetadataMap, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::TelemetryError;
use crate::bounded::{Entrance, Exit, Gate};
use crate::environment::{Environment, EnvironmentError};
use crate::sampler::Follow;

/// Time series one instrument may have. The SDK's 2,000 would let one careless attribute cost megabytes.
const SERIES_PER_INSTRUMENT: usize = 500;
/// How long one export may take where the environment does not say.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often metrics are sent where the environment does not say.
const METRIC_INTERVAL: Duration = Duration::from_secs(15);

/// The size and rhythm of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Items that may wait, those in a running export included.
    pub capacity: usize,
    /// Items in one export.
    pub batch: usize,
    /// The longest an item waits for others.
    pub delay: Duration,
}

impl Default for Queue {
    /// Modest, so that five services fit a small machine: the SDK reserves and touches the whole queue at once, some
    /// 400 bytes for each span. Losses are counted.
    fn default() -> Self {
        Self { capacity: 1_024, batch: 256, delay: Duration::from_secs(1) }
    }
}

/// The providers of one process, and the loss counters of their queues.
#[derive(Debug)]
pub(crate) struct Pipelines {
    pub tracer: SdkTracerProvider,
    pub logger: Option<SdkLoggerProvider>,
    pub meter: Option<SdkMeterProvider>,
}

impl Pipelines {
    /// Without a collector: ids are made and passed on so that log lines can be joined, and nothing leaves the process.
    pub fn local(resource: Resource) -> Self {
        let tracer = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
            .with_resource(resource)
            .build();
        Self { tracer, logger: None, meter: None }
    }

    /// With a collector. Must run inside a tokio runtime, because the channel binds to it.
    pub fn otlp(
        channel: &Channel,
        environment: &Environment,
        ratio: f64,
        resource: &Resource,
    ) -> Result<Self, TelemetryError> {
        let timeout = environment.timeout.unwrap_or(EXPORT_TIMEOUT);
        let headers = metadata(&environment.headers)?;
        let span_gate = Gate::new("traces", environment.spans.capacity);
        let log_gate = Gate::new("logs", environment.logs.capacity);
        let tracer = if environment.no_traces {
            Self::local(resource.clone()).tracer
        } else {
            let exporter = SpanExporter::builder()
                .with_tonic()
                .with_channel(channel.clone())
                .with_metadata(headers.clone())
                .with_timeout(timeout)
                .build()?;
            crate::lifecycle::install(channel.clone(), headers.clone());
            tracer(exporter, &span_gate, &environment.spans, ratio, resource)
        };
        let logger = if environment.no_logs {
            None
        } else {
            let exporter = LogExporter::builder()
                .with_tonic()
                .with_channel(channel.clone())
                .with_metadata(headers.clone())
                .with_timeout(timeout)
                .build()?;
            Some(logger(exporter, &log_gate, &environment.logs, resource))
        };
        let meter = if environment.no_metrics {
            None
        } else {
            let exporter = MetricExporter::builder()
                .with_tonic()
                .with_channel(channel.clone())
                .with_metadata(headers)
                .with_timeout(timeout)
                .build()?;
            let metric_gate = Gate::new("metrics", usize::MAX);
            let exporter = Exit::new(Arc::clone(&metric_gate), exporter);
            let provider = meter(exporter, environment.metric_interval.unwrap_or(METRIC_INTERVAL), resource);
            report_losses(&provider, [span_gate, log_gate, metric_gate]);
            Some(provider)
        };
        Ok(Self { tracer, logger, meter })
    }

    /// The ends of the three pipelines, each to be called on a thread of its own: they block, and one that hangs must
    /// not keep the others from flushing.
    pub fn endings(self, patience: Duration) -> Vec<Box<dyn FnOnce() + Send>> {
        let Self { tracer, logger, meter } = self;
        let mut endings: Vec<Box<dyn FnOnce() + Send>> = vec![Box::new(move || {
            // Nobody is left to be told but the counters, which are on their way out as well.
            let _ = tracer.shutdown_with_timeout(patience);
        })];
        if let Some(logger) = logger {
            endings.push(Box::new(move || {
                let _ = logger.shutdown_with_timeout(patience);
            }));
        }
        if let Some(meter) = meter {
            endings.push(Box::new(move || {
                // Its timeout is not heeded by the SDK; whoever waits for us does not wait longer than he likes.
                let _ = meter.shutdown_with_timeout(patience);
            }));
        }
        endings
    }
}

/// One lazily connected channel for all three signals.
pub(crate) fn channel(endpoint: &str, ca_file: Option<&Path>, timeout: Duration) -> Result<Channel, TelemetryError> {
    let mut builder = Endpoint::from_shared(endpoint.to_owned())
        .map_err(|_| TelemetryError::Endpoint)?
        .connect_timeout(Duration::from_secs(3))
        .timeout(timeout)
        .keep_alive_while_idle(true)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    match (builder.uri().scheme_str(), ca_file) {
        (Some("http"), None) => {}
        (Some("https"), Some(file)) => {
            let pem = std::fs::read(file).map_err(TelemetryError::CaFile)?;
            let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
            builder = builder.tls_config(tls).map_err(TelemetryError::Channel)?;
        }
        // Without a scheme the exporter would quietly mean https.
        _ => return Err(TelemetryError::Endpoint),
    }
    Ok(builder.connect_lazy())
}

/// How long an export may take.
pub(crate) fn timeout(environment: &Environment) -> Duration {
    environment.timeout.unwrap_or(EXPORT_TIMEOUT)
}

fn tracer(
    exporter: SpanExporter,
    gate: &Arc<Gate>,
    queue: &Queue,
    ratio: f64,
    resource: &Resource,
) -> SdkTracerProvider {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(queue.capacity)
        .with_max_export_batch_size(queue.batch)
        .with_scheduled_delay(queue.delay)
        .build();
    let processor =
        BatchSpanProcessor::builder(Exit::new(Arc::clone(gate), exporter)).with_batch_config(config).build();
    SdkTracerProvider::builder()
        .with_span_processor(Entrance::new(Arc::clone(gate), processor))
        .with_sampler(Follow::new(ratio))
        .with_resource(resource.clone())
        .build()
}

fn logger(exporter: LogExporter, gate: &Arc<Gate>, queue: &Queue, resource: &Resource) -> SdkLoggerProvider {
    let config = LogBatchConfig::default()
        .with_max_queue_size(queue.capacity)
        .with_max_export_batch_size(queue.batch)
        .with_scheduled_delay(queue.delay)
        .build();
    let processor = BatchLogProcessor::builder(Exit::new(Arc::clone(gate), exporter)).with_batch_config(config).build();
    SdkLoggerProvider::builder()
        .with_log_processor(Entrance::new(Arc::clone(gate), processor))
        .with_resource(resource.clone())
        .build()
}

fn meter(exporter: Exit<MetricExporter>, interval: Duration, resource: &Resource) -> SdkMeterProvider {
    let reader = PeriodicReader::builder(exporter).with_interval(interval).build();
    SdkMeterProvider::builder()
        .with_reader(reader)
        .with_view(|_: &opentelemetry_sdk::metrics::Instrument| {
            Stream::builder().with_cardinality_limit(SERIES_PER_INSTRUMENT).build().ok()
        })
        .with_resource(resource.clone())
        .build()
}

/// `ehub.telemetry.dropped`: what the boards do not show.
fn report_losses(provider: &SdkMeterProvider, gates: [Arc<Gate>; 3]) {
    provider
        .meter(crate::metrics::SCOPE)
        .u64_observable_counter("ehub.telemetry.dropped")
        .with_unit("{item}")
        .with_description("Spans, log records and metric exports that never reached the collector.")
        .with_callback(move |observer| {
            for gate in &gates {
                let signal = KeyValue::new("ehub.telemetry.signal", gate.signal());
                observer.observe(
                    gate.overflowed(),
                    &[signal.clone(), KeyValue::new("ehub.telemetry.reason", "queue_full")],
                );
                observer.observe(gate.failed(), &[signal, KeyValue::new("ehub.telemetry.reason", "export_failed")]);
            }
        })
        .build();
}

fn metadata(headers: &[(String, String)]) -> Result<MetadataMap, EnvironmentError> {
    let refused = || EnvironmentError::Value {
        name: "OTEL_EXPORTER_OTLP_HEADERS",
        expected: "legal header names and ASCII values",
    };
    let mut map = MetadataMap::new();
    for (name, value) in headers {
        let key = MetadataKey::from_bytes(name.to_ascii_lowercase().as_bytes()).map_err(|_| refused())?;
        map.insert(key, MetadataValue::try_from(value.as_str()).map_err(|_| refused())?);
    }
    Ok(map)
}
