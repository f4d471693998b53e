//! The lifecycle trace: one picture of a consultation's episode, made when it is over.
//!
//! Its ids are derived, not drawn, so that a second export after a crash says the same bytes again and a backend keeps one.

mod encode;

use std::sync::OnceLock;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use ehub_clock::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::Request;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::{TelemetryError, export};

/// How long the collector may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One stage of an episode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleSpan {
    /// What people read, such as `intake`.
    pub name: String,
    /// Unique within the trace, and the same in a repeat; the span's id is made from it.
    pub span_key: String,
    /// The key of the span this one lies in; `None` for the root.
    pub parent_key: Option<String>,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Text attributes, written in the order given.
    pub attributes: Vec<(String, String)>,
    /// `traceparent`s of the spans that did the work; broken ones are left out.
    pub links: Vec<String>,
}

/// The spans do not make a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LifecycleShapeError {
    /// Two spans have one key.
    #[error("two lifecycle spans have the key {0}")]
    Repeated(String),
    /// A span's parent is not there.
    #[error("no lifecycle span has the key {0}, which another names as its parent")]
    Orphan(String),
    /// There must be exactly one root.
    #[error("a lifecycle trace has exactly one span without a parent")]
    Roots,
    /// Following parents does not lead to the root.
    #[error("the lifecycle span {0} is its own ancestor")]
    Circle(String),
}

/// The trace was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// It was none.
    #[error(transparent)]
    Shape(#[from] LifecycleShapeError),
    /// The collector could not be asked, or refused.
    #[error("the collector did not take the lifecycle trace")]
    Refused(#[source] Box<tonic::Status>),
    /// The collector took only a part.
    #[error("the collector rejected {0} lifecycle spans")]
    Partial(i64),
}

/// The id of the trace of one revision of one episode: SHA-256 over a tag, the consultation's bytes and both numbers big-endian.
#[must_use]
pub fn trace_id(consultation: Uuid, episode: u32, revision: u32) -> [u8; 16] {
    hash(&[b"ehub.lifecycle", consultation.as_bytes(), &episode.to_be_bytes(), &revision.to_be_bytes()])
}

/// The id of the span with this key in that trace.
#[must_use]
pub fn span_id(trace_id: [u8; 16], span_key: &str) -> [u8; 8] {
    hash(&[&trace_id, span_key.as_bytes()])
}

/// The `traceparent` of a lifecycle span, for a link from a later revision.
#[must_use]
pub fn traceparent(trace_id: [u8; 16], span_key: &str) -> String {
    let trace = u128::from_be_bytes(trace_id);
    let span = u64::from_be_bytes(span_id(trace_id, span_key));
    format!("00-{trace:032x}-{span:016x}-01")
}

fn hash<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let digest = context.finish();
    let mut id = [0; N];
    id.copy_from_slice(&digest.as_ref()[..N]);
    id
}

/// The way to the collector of this process, once telemetry was set up with one that takes traces.
static WAY: OnceLock<LifecycleExporter> = OnceLock::new();

/// Keeps the way to the collector.
pub(crate) fn install(channel: Channel, headers: MetadataMap) {
    let _ = WAY.set(LifecycleExporter { client: TraceServiceClient::new(channel), headers });
}

/// Sends lifecycle traces, outside sampling and batching: each is wanted, and its sender waits for the answer.
#[derive(Debug, Clone)]
pub struct LifecycleExporter {
    client: TraceServiceClient<Channel>,
    headers: MetadataMap,
}

impl LifecycleExporter {
    /// By the channel that everything else is exported on; none where nothing is, or no traces are.
    #[must_use]
    pub fn of_process() -> Option<Self> {
        WAY.get().cloned()
    }

    /// Connects when first used. `endpoint` as in [`crate::TelemetryConfig::otlp_endpoint`].
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn connect(endpoint: &str, ca_file: Option<&std::path::Path>) -> Result<Self, TelemetryError> {
        Ok(Self {
            client: TraceServiceClient::new(export::channel(endpoint, ca_file, TIMEOUT)?),
            headers: MetadataMap::new(),
        })
    }

    /// Exports one whole trace; repeating it sends the same bytes.
    ///
    /// # Errors
    /// When the spans make no trace, or the collector did not take all of them: then export it again later.
    pub async fn export(&self, trace_id: [u8; 16], spans: &[LifecycleSpan]) -> Result<(), LifecycleError> {
        let trace: ExportTraceServiceRequest = encode::request(trace_id, spans)?;
        let mut request = Request::new(trace);
        *request.metadata_mut() = self.headers.clone();
        let answer =
            self.client.clone().export(request).await.map_err(|status| LifecycleError::Refused(Box::new(status)))?;
        match answer.into_inner().partial_success {
            Some(partial) if partial.rejected_spans > 0 => Err(LifecycleError::Partial(partial.rejected_spans)),
            _ => Ok(()),
        }
    }
}
