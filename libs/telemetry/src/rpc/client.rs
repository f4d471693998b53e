//! The client's layer: the caller's half of the span pair, and the header that joins them.

use std::pin::Pin;
use std::task::{Context, Poll};

use ehub_clock::Clock;
use http::{Request, Response, Uri};
use http_body::Body;
use tonic::Status;
use tower::{BoxError, Layer, Service};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::body::{TracedBody, settle};
use super::method_of;
use super::record::{Call, Side};
use crate::context;

/// Gives every call a client span and sends its `traceparent`.
#[derive(Clone, Debug)]
pub struct ClientTraceLayer {
    address: String,
    port: u16,
    clock: Clock,
}

impl ClientTraceLayer {
    /// For a channel to `target`, which names the server in spans and metrics as the configuration does.
    #[must_use]
    pub fn new(target: &Uri) -> Self {
        let port = target.port_u16().unwrap_or(if target.scheme_str() == Some("https") { 443 } else { 80 });
        Self { address: target.host().unwrap_or_default().to_owned(), port, clock: Clock::system() }
    }
}

impl<S> Layer<S> for ClientTraceLayer {
    type Service = ClientTrace<S>;

    fn layer(&self, inner: S) -> ClientTrace<S> {
        ClientTrace { inner, about: self.clone() }
    }
}

/// A channel whose calls are traced. Its errors are [`Status`]es, boxed.
#[derive(Clone, Debug)]
pub struct ClientTrace<S> {
    inner: S,
    about: ClientTraceLayer,
}

/// A call's future, with the transport's error as the status it means.
type Called<B> = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

impl<S, Req, Res> Service<Request<Req>> for ClientTrace<S>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    Res: Body + Send + 'static,
{
    type Response = Response<TracedBody<Res>>;
    type Error = BoxError;
    type Future = Called<TracedBody<Res>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Req>) -> Self::Future {
        let method = method_of(request.uri().path()).to_owned();
        let span = span(&method, &self.about);
        if let Some(own) = context::of_span(&span) {
            own.inject(request.headers_mut());
        }
        let side = Side::Client { address: self.about.address.clone(), port: self.about.port.to_string() };
        let mut call = Call::new(side, method, span.clone(), self.about.clock.clone());
        let inner = span.in_scope(|| self.inner.call(request));
        Box::pin(async move {
            match inner.instrument(span).await {
                Ok(response) => Ok(settle(response, call)),
                Err(error) => {
                    let status = Status::from_error(error.into());
                    call.end_with(&status);
                    Err(status.into())
                }
            }
        })
    }
}

fn span(method: &str, about: &ClientTraceLayer) -> Span {
    tracing::info_span!(
        target: "ehub::rpc",
        "rpc.client",
        otel.name = method,
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = Empty,
        error.type = Empty,
        ehub.error.reason = Empty,
        server.address = about.address.as_str(),
        // Signed: an unsigned number would be exported as text.
        server.port = i64::from(about.port),
    )
}
