//! Calls to the other services: traced, with our token, in time.

mod balance;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ehub_clock::Clock;
use ehub_config::HumanDuration;
use ehub_telemetry::ClientTraceLayer;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use serde::Deserialize;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer as _, Service, ServiceBuilder};

use crate::DOMAIN;
use crate::edge::deadline::{Deadline, GRPC_TIMEOUT, format};
use ehub_faults::Fault;

/// Gives the present service token, or none while there is none; asked at every call.
pub type TokenSource = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// A channel that generated clients take.
pub type Channel = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// How a service reaches another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// The other service: `http://host:port`.
    pub uri: String,
    /// One connection, or one to every address behind the name.
    #[serde(default)]
    pub balance: Balance,
    /// For a call that brings no deadline of its own.
    #[serde(default = "ten_seconds")]
    pub timeout: HumanDuration,
    /// What we keep of a caller's deadline for ourselves, to say something useful when the other is late.
    #[serde(default = "fifty_millis")]
    pub margin: HumanDuration,
}

/// How calls are spread over replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Balance {
    /// One connection; a mesh or a proxy spreads.
    #[default]
    Single,
    /// The name is looked up again and again (a headless service), each address gets a connection, calls go to the less busy of two.
    Headless,
}

fn ten_seconds() -> HumanDuration {
    HumanDuration::from_secs(10)
}

fn fifty_millis() -> HumanDuration {
    HumanDuration::from_millis(50)
}

/// The address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address of a service must be http://host:port")]
pub struct InvalidAddress;

/// Put into a request's extensions, it says that this is a stream which may last: no deadline is added.
#[derive(Clone, Copy, Debug)]
pub struct Lasting;

impl ClientConfig {
    /// An address with everything else as usual.
    #[must_use]
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), balance: Balance::default(), timeout: ten_seconds(), margin: fifty_millis() }
    }
}

/// A channel to `uri` with the usual settings; connects when first used. Must be called inside the runtime.
///
/// # Errors
/// When `uri` is no address.
pub fn channel(uri: &str, token: TokenSource) -> Result<Channel, InvalidAddress> {
    connect(&ClientConfig::new(uri), token)
}

/// A channel as configured; connects when first used. Must be called inside the runtime.
///
/// # Errors
/// When the address is none.
pub fn connect(config: &ClientConfig, token: TokenSource) -> Result<Channel, InvalidAddress> {
    let uri: Uri = config.uri.parse().map_err(|_| InvalidAddress)?;
    if uri.scheme_str() != Some("http") || uri.host().is_none() || uri.port_u16().is_none() {
        return Err(InvalidAddress);
    }
    let transport = match config.balance {
        Balance::Single => endpoint(uri.clone()).connect_lazy(),
        Balance::Headless => balance::channel(&uri),
    };
    let outgoing = Outgoing {
        token,
        timeout: config.timeout.get(),
        margin: config.margin.get(),
        clock: Clock::system(),
        next: transport,
    };
    let traced = ServiceBuilder::new().map_response(|response: Response<_>| response.map(Body::new));
    Ok(BoxCloneSyncService::new(traced.service(ClientTraceLayer::new(&uri).layer(outgoing))))
}

fn endpoint(uri: Uri) -> Endpoint {
    Endpoint::from(uri)
        .connect_timeout(Duration::from_secs(2))
        .tcp_nodelay(true)
        // A half-open connection, after a node has gone, must not be found out by a call.
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
}

/// Adds token and deadline, and turns every way of being late into `DEADLINE_EXCEEDED`.
#[derive(Clone)]
struct Outgoing {
    token: TokenSource,
    timeout: Duration,
    margin: Duration,
    clock: Clock,
    next: tonic::transport::Channel,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Outgoing {
    /// What this call gets: its own header, or the caller's remaining time less our margin, or the usual. `None`: for ever.
    fn time<B>(&self, request: &Request<B>) -> Option<Duration> {
        if request.extensions().get::<Lasting>().is_some() || request.headers().contains_key(GRPC_TIMEOUT) {
            return None;
        }
        let left = request.extensions().get::<Deadline>().map(|deadline| deadline.remaining(&self.clock));
        Some(left.map_or(self.timeout, |left| left.saturating_sub(self.margin).min(self.timeout)))
    }
}

/// A sent call.
type Sent = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

impl Service<Request<Body>> for Outgoing {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Sent;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Readiness is waited for inside the call, under its deadline: with no replica in sight it could take for ever.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Sent {
        let time = self.time(&request);
        if let Some(time) = time {
            let value = HeaderValue::try_from(format(time)).expect("digits and a letter are legal in a header");
            request.headers_mut().insert(GRPC_TIMEOUT, value);
        }
        if let Some(token) = (self.token)() {
            let Ok(mut value) = HeaderValue::try_from(format!("Bearer {token}")) else {
                return Box::pin(std::future::ready(Err(unusable_token().into())));
            };
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let mut next = self.next.clone();
        let sent = async move {
            std::future::poll_fn(|context| next.poll_ready(context)).await?;
            next.call(request).await
        };
        Box::pin(async move {
            let answered = match time {
                Some(time) => tokio::time::timeout(time, sent).await.map_err(|_| late())?,
                None => sent.await,
            };
            match answered {
                Ok(mut response) => {
                    correct(response.headers_mut());
                    Ok(response)
                }
                Err(error) => Err(in_time(Status::from_error(error.into())).into()),
            }
        })
    }
}

fn unusable_token() -> Status {
    Fault::new(Code::Unauthenticated, DOMAIN, "SERVICE_TOKEN_UNUSABLE", "the service token cannot be sent")
        .into_status()
}

fn late() -> Status {
    Fault::new(Code::DeadlineExceeded, DOMAIN, "DEADLINE_EXCEEDED", "another service did not answer in time")
        .into_status()
}

/// tonic's own timer, on our side, says `CANCELLED`.
fn in_time(status: Status) -> Status {
    if status.code() == Code::Cancelled && status.message() == "Timeout expired" { late() } else { status }
}

/// And so it does on the other side.
fn correct(headers: &mut HeaderMap) {
    let expired = Status::from_header_map(headers)
        .is_some_and(|status| status.code() == Code::Cancelled && status.message() == "Timeout expired");
    if expired {
        headers.insert("grpc-status", HeaderValue::from_static("4"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_token() -> TokenSource {
        Arc::new(|| None)
    }

    #[tokio::test]
    async fn addresses_that_are_none_are_refused() {
        for uri in ["", "host:1", "https://host:1", "http://host", "unix:/x"] {
            assert!(channel(uri, no_token()).is_err(), "{uri}");
        }
        assert!(channel("http://127.0.0.1:9", no_token()).is_ok());
    }

    #[test]
    fn late_answers_are_called_late() {
        assert_eq!(in_time(Status::cancelled("Timeout expired")).code(), Code::DeadlineExceeded);
        assert_eq!(in_time(Status::cancelled("by the caller")).code(), Code::Cancelled);
        let mut headers = Status::cancelled("Timeout expired").into_http::<()>().headers().clone();
        correct(&mut headers);
        assert_eq!(headers["grpc-status"], "4");
    }

    #[tokio::test]
    async fn a_callers_deadline_is_passed_on_less_our_margin() {
        let clock = Clock::system();
        let outgoing = Outgoing {
            token: no_token(),
            timeout: Duration::from_secs(10),
            margin: Duration::from_millis(50),
            clock: clock.clone(),
            next: endpoint(Uri::from_static("http://127.0.0.1:9")).connect_lazy(),
        };
        let mut request = Request::new(());
        assert_eq!(outgoing.time(&request), Some(Duration::from_secs(10)));
        request.extensions_mut().insert(Deadline::at(clock.monotonic() + Duration::from_secs(1)));
        assert!(outgoing.time(&request).expect("bounded") <= Duration::from_millis(950));
        request.extensions_mut().insert(Deadline::at(clock.monotonic()));
        assert_eq!(outgoing.time(&request), Some(Duration::ZERO));
        request.extensions_mut().insert(Lasting);
        assert_eq!(outgoing.time(&request), None);
    }
}
