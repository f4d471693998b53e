//! The server's layer: outermost, so that refused calls are seen as well.

use std::task::{Context, Poll};

use ehub_clock::Clock;
use http::{Request, Response};
use http_body::Body;
use tonic::transport::server::TcpConnectInfo;
use tower::{Layer, Service};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::body::{TracedBody, TracedFuture};
use super::record::{Call, Side};
use super::{KnownMethods, method_of};
use crate::context::TraceParent;

/// Probes come every few seconds from every kubelet and balancer: they are counted, and make no spans.
const PROBES: &str = "grpc.health.v1.Health/";

/// Gives every call a server span, child of the caller's when a `traceparent` came. A method we do not have is `_OTHER`:
/// what a stranger wrote in its place is kept nowhere, for it may be anything.
#[derive(Clone, Debug)]
pub struct ServerTraceLayer {
    methods: KnownMethods,
    clock: Clock,
}

impl ServerTraceLayer {
    /// For a server with these methods.
    #[must_use]
    pub fn new(methods: KnownMethods) -> Self {
        Self { methods, clock: Clock::system() }
    }
}

impl<S> Layer<S> for ServerTraceLayer {
    type Service = ServerTrace<S>;

    fn layer(&self, inner: S) -> ServerTrace<S> {
        ServerTrace { inner, methods: self.methods.clone(), clock: self.clock.clone() }
    }
}

/// A service whose calls are traced.
#[derive(Clone, Debug)]
pub struct ServerTrace<S> {
    inner: S,
    methods: KnownMethods,
    clock: Clock,
}

impl<S, Req, Res> Service<Request<Req>> for ServerTrace<S>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    Res: Body,
{
    type Response = Response<TracedBody<Res>>;
    type Error = S::Error;
    type Future = TracedFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Req>) -> Self::Future {
        let path = method_of(request.uri().path());
        let known = self.methods.knows(path);
        let method = if known { path } else { "_OTHER" };
        let span = if path.starts_with(PROBES) { Span::none() } else { span(method) };
        if let Some(peer) = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr) {
            span.record("network.peer.address", tracing::field::display(peer.ip()));
        }
        // Only when one came: an empty parent would cut the span from one that is already there.
        if let Some(parent) = TraceParent::extract(request.headers()) {
            let _ = span.set_parent(parent.remote_context());
        }
        let call = Call::new(Side::Server, method.to_owned(), span.clone(), self.clock.clone());
        let inner = span.in_scope(|| self.inner.call(request));
        TracedFuture::new(inner, call)
    }
}

fn span(method: &str) -> Span {
    tracing::info_span!(
        target: "ehub::rpc",
        "rpc.server",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = Empty,
        error.type = Empty,
        network.peer.address = Empty,
        ehub.error.reason = Empty,
        ehub.client.id = Empty,
        ehub.consultation.id = Empty,
        ehub.practice.id = Empty,
        ehub.idempotency.replayed = Empty,
    )
}
