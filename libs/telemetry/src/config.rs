//! What a deployer may say about telemetry.

use std::path::PathBuf;

use serde::Deserialize;

/// The `[telemetry]` table. `OTEL_*` variables, where set, win over it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// How log lines look.
    pub format: Format,
    /// Which log lines are written, in the `target=level` language of `tracing` filters. Changeable at run time.
    pub filter: String,
    /// The collector's OTLP/gRPC address with its scheme, such as `http://collector:4317`. Without one nothing is exported.
    pub otlp_endpoint: Option<String>,
    /// PEM file with the certificate authorities trusted for an `https://` collector.
    pub otlp_ca_file: Option<PathBuf>,
    /// The share of new traces that are kept, 0 to 1. Traces begun by a caller follow the caller's choice.
    pub sampling_ratio: f64,
    /// How the processing of a stored event relates to the trace that stored it.
    pub relation: Relation,
    /// Whether every database transaction becomes a span.
    pub sql_spans: bool,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            format: Format::Json,
            filter: "info".to_owned(),
            otlp_endpoint: None,
            otlp_ca_file: None,
            sampling_ratio: 1.0,
            relation: Relation::default(),
            sql_spans: false,
        }
    }
}

/// The look of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line, for collectors.
    Json,
    /// For people at a terminal.
    Pretty,
}

/// How the span that processes an event refers to the span that caused it.
///
/// Links are what the messaging conventions advise; some backends show only parents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// A trace of its own with a link back.
    #[default]
    Link,
    /// A child in the same trace.
    Parent,
    /// A child that also links.
    Both,
}

impl Relation {
    pub(crate) fn links(self) -> bool {
        matches!(self, Self::Link | Self::Both)
    }

    pub(crate) fn parents(self) -> bool {
        matches!(self, Self::Parent | Self::Both)
    }
}
