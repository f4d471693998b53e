//! A real OTLP receiver for development: takes every signal and counts the lifecycle traces.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use opentelemetry_proto::tonic::{common::v1::any_value, trace::v1::Span};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The name of a lifecycle trace's root span.
const ROOT: &str = "consultation lifecycle";

/// What has arrived.
#[derive(Debug, Default)]
struct Arrived {
    lifecycles: BTreeSet<(String, String)>,
}

/// The receiver.
#[derive(Debug, Clone, Default)]
pub struct Receiver(Arc<Mutex<Arrived>>);

impl Receiver {
    /// Listens on a free loopback port until stopped.
    pub async fn start(stop: CancellationToken) -> anyhow::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port for the OTLP receiver")?;
        let address = listener.local_addr()?;
        let receiver = Self::default();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(receiver.clone()).max_decoding_message_size(16 << 20))
            .add_service(MetricsServiceServer::new(receiver.clone()).max_decoding_message_size(16 << 20))
            .add_service(LogsServiceServer::new(receiver.clone()).max_decoding_message_size(16 << 20));
        tokio::spawn(async move {
            // Ends with the process; an error here shows as traces that never arrive.
            let _ = server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.cancelled_owned()).await;
        });
        Ok((receiver, address))
    }

    /// Of how many episodes a lifecycle trace has arrived. What is heard late makes a second revision
    /// of the same episode, linked to the first: one episode still.
    pub fn lifecycles(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lifecycles.len()
    }
}

/// Which consultation and which of its lives a lifecycle trace tells.
fn episode(span: &Span) -> (String, String) {
    let said = |key: &str| {
        let value = span.attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()?;
        match value {
            any_value::Value::StringValue(text) => Some(text.clone()),
            _ => None,
        }
    };
    (said("ehub.consultation.id").unwrap_or_default(), said("ehub.consultation.episode").unwrap_or_default())
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = request.into_inner().resource_spans;
        for span in spans.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans) {
            if span.name == ROOT && span.parent_span_id.is_empty() {
                arrived.lifecycles.insert(episode(&span));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        _: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}
