//! Puts the pipelines together at start and takes them apart, flushed, at the end.

use std::sync::Arc;
use std::time::Duration;

use ehub_clock::Clock;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::{OpenTelemetryTracingBridge, TracingSpanAttributes};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracer;
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::TelemetryConfig;
use crate::environment::{Environment, EnvironmentError};
use crate::export::{self, Pipelines};
use crate::lines::Lines;
use crate::spans::SQL_TARGET;

/// How long each signal may take to flush at the end.
const FLUSH: Duration = Duration::from_secs(2);
/// How much longer the whole end may take than one signal.
const GRACE: Duration = Duration::from_millis(500);

/// Crates under the exporter. What they log while exporting would be exported, and so on for ever.
const EXPORT_PATH: [&str; 7] = ["h2", "hyper", "tonic", "tower", "opentelemetry", "rustls", "reqwest"];

/// Span attributes copied onto every log record inside the span.
pub(crate) const LINE_FIELDS: [&str; 5] =
    ["ehub.consultation.id", "ehub.client.id", "ehub.practice.id", "ehub.job.kind", "rpc.method"];

/// Telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// An `OTEL_*` variable cannot be obeyed.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The log filter is no filter.
    #[error("the log filter must be a list such as info,ehub_intake=debug")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The sampling ratio is out of range.
    #[error("sampling_ratio must be a number from 0 to 1")]
    Ratio,
    /// The collector's address cannot be used.
    #[error("otlp_endpoint must be http://host:port, or https://host:port together with otlp_ca_file")]
    Endpoint,
    /// The trusted certificates cannot be read.
    #[error("otlp_ca_file cannot be read")]
    CaFile(#[source] std::io::Error),
    /// The channel to the collector cannot be made.
    #[error("the channel to the collector cannot be made")]
    Channel(#[source] tonic::transport::Error),
    /// An exporter cannot be made.
    #[error("an OTLP exporter cannot be made")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Somebody was here before us.
    #[error("telemetry is already set up in this process")]
    Twice,
    /// The log filter can no longer be changed.
    #[error("the log filter is gone")]
    FilterGone(#[source] reload::Error),
}

/// Running telemetry; keep it until serving has ended, then call [`Telemetry::shutdown`].
#[derive(Debug)]
pub struct Telemetry {
    pipelines: Pipelines,
    filter: FilterHandle,
}

impl Telemetry {
    /// Flushes what waits and ends the exporters, all signals side by side, in about two seconds at most. Call after
    /// serving, inside the runtime, and end the runtime without waiting for its blocking threads: one of them may still
    /// wait for a collector that never answers.
    pub async fn shutdown(self) {
        // The SDK blocks its caller; on a runtime thread it would wait for an export that this very thread should drive.
        let endings = self.pipelines.endings(FLUSH).into_iter().map(tokio::task::spawn_blocking);
        let all = async {
            for ending in endings.collect::<Vec<_>>() {
                let _ = ending.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH + GRACE, all).await;
    }

    /// Replaces the log filter from now on.
    ///
    /// # Errors
    /// When `directives` is not a filter; the old one then stays.
    pub fn set_filter(&self, directives: &str) -> Result<(), TelemetryError> {
        self.filter.set(directives)
    }

    /// The filter alone, for an administration endpoint.
    #[must_use]
    pub fn filter_handle(&self) -> FilterHandle {
        self.filter.clone()
    }
}

/// Changes what is logged while the process runs.
#[derive(Clone, Debug)]
pub struct FilterHandle(Arc<[(reload::Handle<EnvFilter, Registry>, Suffix)]>);

/// What a filter of ours always ends with.
#[derive(Clone, Copy, Debug)]
enum Suffix {
    None,
    NoExportPath,
}

impl FilterHandle {
    /// As [`Telemetry::set_filter`].
    ///
    /// # Errors
    /// As [`Telemetry::set_filter`].
    pub fn set(&self, directives: &str) -> Result<(), TelemetryError> {
        for (handle, suffix) in self.0.iter() {
            handle.reload(parse(directives, *suffix)?).map_err(TelemetryError::FilterGone)?;
        }
        Ok(())
    }
}

/// Starts telemetry for `service`, inside the tokio runtime that will serve. `variables` is the process environment (only `OTEL_*` is read).
///
/// # Errors
/// When something asked for cannot be done: a process that cannot be observed as configured must not start.
pub fn init(
    service: &'static str,
    version: &str,
    config: &TelemetryConfig,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Telemetry, TelemetryError> {
    let environment = Environment::parse(variables)?;
    let ratio = environment.sampling_ratio.unwrap_or(config.sampling_ratio);
    if !(0.0..=1.0).contains(&ratio) {
        return Err(TelemetryError::Ratio);
    }
    let resource = resource(service, version, &environment);
    let endpoint =
        environment.endpoint.as_deref().or(config.otlp_endpoint.as_deref()).filter(|_| !environment.disabled);
    let pipelines = match endpoint {
        None => Pipelines::local(resource),
        Some(endpoint) => {
            let channel = export::channel(endpoint, config.otlp_ca_file.as_deref(), export::timeout(&environment))?;
            Pipelines::otlp(&channel, &environment, ratio, &resource)?
        }
    };
    let filter = subscribe(service, config, &pipelines)?;
    if let Some(meter) = &pipelines.meter {
        crate::metrics::install(meter.meter(crate::metrics::SCOPE));
    }
    crate::spans::configure(config.relation);
    Ok(Telemetry { pipelines, filter })
}

/// The layers of the subscriber, each with a filter of its own.
fn subscribe(
    service: &'static str,
    config: &TelemetryConfig,
    pipelines: &Pipelines,
) -> Result<FilterHandle, TelemetryError> {
    let mut handles = Vec::with_capacity(2);
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![spans(pipelines, config.sql_spans)];

    let (filter, handle) = reload::Layer::new(parse(&config.filter, Suffix::None)?);
    handles.push((handle, Suffix::None));
    // Spans pass whatever the level, or lines at WARN would lose the consultation they belong to.
    layers.push(Lines::stderr(config.format, service).with_filter(filter.or(filter_fn(our_span))).boxed());

    if let Some(provider) = &pipelines.logger {
        let (filter, handle) = reload::Layer::new(parse(&config.filter, Suffix::NoExportPath)?);
        handles.push((handle, Suffix::NoExportPath));
        layers.push(records(provider).with_filter(filter.or(filter_fn(our_span))).boxed());
    }
    tracing_subscriber::registry().with(layers).try_init().map_err(|_| TelemetryError::Twice)?;
    Ok(FilterHandle(handles.into()))
}

fn spans(pipelines: &Pipelines, sql: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let tracer: SdkTracer = pipelines.tracer.tracer(crate::metrics::SCOPE);
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_level(false)
        .with_filter(filter_fn(move |metadata| {
            our_span(metadata) || (sql && metadata.is_span() && metadata.target() == SQL_TARGET)
        }))
        .boxed()
}

fn records(
    provider: &SdkLoggerProvider,
) -> OpenTelemetryTracingBridge<SdkLoggerProvider, opentelemetry_sdk::logs::SdkLogger> {
    OpenTelemetryTracingBridge::builder(provider)
        .with_tracing_span_attributes(TracingSpanAttributes::allowlist(LINE_FIELDS))
        .build()
}

/// A span of ours: at INFO or above, and not from beneath the exporter.
fn our_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && *metadata.level() <= LevelFilter::INFO
        && !EXPORT_PATH.iter().any(|prefix| metadata.target().starts_with(prefix))
}

fn parse(directives: &str, suffix: Suffix) -> Result<EnvFilter, TelemetryError> {
    let mut text = directives.to_owned();
    if matches!(suffix, Suffix::NoExportPath) {
        for target in EXPORT_PATH {
            text.push_str(&format!(",{target}=off"));
        }
    }
    EnvFilter::builder().parse(text).map_err(TelemetryError::Filter)
}

/// Who we are, by the resource conventions; the deployer's attributes win.
fn resource(service: &'static str, version: &str, environment: &Environment) -> Resource {
    let name = environment.service_name.clone().unwrap_or_else(|| service.to_owned());
    let given = environment.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_attribute(KeyValue::new("service.instance.id", Clock::system().uuid_v7().to_string()))
        .with_attribute(KeyValue::new("service.namespace", "ehub"))
        .with_attribute(KeyValue::new("service.version", version.to_owned()))
        .with_attributes(given)
        .with_attribute(KeyValue::new("service.name", name))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused() {
        assert!(matches!(parse("info,=,", Suffix::None), Err(TelemetryError::Filter(_))));
        assert!(parse("warn,ehub_intake=debug", Suffix::NoExportPath).is_ok());
    }

    #[test]
    fn deployers_attributes_win_but_the_service_name_variable_wins_over_them() {
        let environment = Environment {
            service_name: Some("intake".to_owned()),
            resource: vec![
                ("service.name".to_owned(), "other".to_owned()),
                ("service.version".to_owned(), "9".to_owned()),
            ],
            ..Environment::default()
        };
        let resource = resource("x", "1", &environment);
        assert_eq!(resource.get(&"service.name".into()), Some("intake".into()));
        assert_eq!(resource.get(&"service.version".into()), Some("9".into()));
    }

    #[tokio::test]
    async fn an_address_without_a_scheme_is_refused() {
        for endpoint in ["collector:4317", "https://collector:4317", "ftp://collector"] {
            assert!(export::channel(endpoint, None, FLUSH).is_err(), "{endpoint}");
        }
    }

    #[tokio::test]
    async fn bad_settings_stop_the_start() {
        let config = TelemetryConfig { sampling_ratio: 1.5, ..TelemetryConfig::default() };
        assert!(matches!(init("x", "1", &config, []), Err(TelemetryError::Ratio)));
        let variables = [("OTEL_TRACES_SAMPLER".to_owned(), "xray".to_owned())];
        assert!(matches!(init("x", "1", &TelemetryConfig::default(), variables), Err(TelemetryError::Environment(_))));
    }
}
