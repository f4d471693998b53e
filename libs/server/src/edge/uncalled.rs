//! What never became a call of a known caller leaves no audit event: it is counted by reason, with a line per peer and minute.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use ehub_clock::Clock;
use ehub_telemetry::metrics::{self, Counter};
use ehub_telemetry::{OncePerMinute, SaidElsewhere};
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stack::{Answer, Stack, Step};

static UNCALLED: Counter = metrics::counter(
    "ehub.server.uncalled",
    "{request}",
    "Requests refused before they became a call of a known caller, by reason.",
);

/// Refusals before a handler is reached. All others are calls, and have their audit event.
const REASONS: [&str; 8] = [
    "TOKEN_INVALID",
    "METHOD_UNKNOWN",
    "NOT_GRPC",
    "MALFORMED_REQUEST",
    "MESSAGE_TOO_LARGE",
    "DEADLINE_MALFORMED",
    "DEADLINE_REQUIRED",
    "OVERLOADED",
];

/// Counts them.
#[derive(Debug)]
pub(crate) struct Uncalled {
    lines: Arc<OncePerMinute>,
    clock: Clock,
}

impl Uncalled {
    pub fn new(clock: Clock) -> Self {
        Self { lines: Arc::default(), clock }
    }
}

impl Step for Uncalled {
    fn step(&self, mut request: Request<Body>, next: Stack) -> Answer {
        let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        let arrival = Arrival::default();
        request.extensions_mut().insert(arrival.clone());
        let (lines, clock) = (Arc::clone(&self.lines), self.clock.clone());
        Box::pin(async move {
            let mut response = next.answer(request).await;
            if let Some(reason) = reason(&response, &arrival) {
                note(reason, peer.map(|peer| peer.ip()), &lines, &clock);
                response.extensions_mut().insert(SaidElsewhere);
            }
            response
        })
    }
}

fn note(reason: &'static str, peer: Option<IpAddr>, lines: &OncePerMinute, clock: &Clock) {
    UNCALLED.add(1, &[("ehub.error.reason", reason)]);
    // Calls without a good token have a line of their own, which says what was wrong with it.
    if reason == "TOKEN_INVALID" {
        return;
    }
    if let Some(unlogged) = lines.due(peer, clock.monotonic()) {
        let peer = peer.map(tracing::field::display);
        tracing::warn!(
            target: "ehub::server", unlogged, peer, ehub.error.reason = reason,
            "requests refused that are no calls; at most one line per peer and minute"
        );
    }
}

/// Why a response says that there was no call; `None` when there was one.
fn reason(response: &Response<Body>, arrival: &Arrival) -> Option<&'static str> {
    if response.status() != StatusCode::OK {
        return Some("NOT_GRPC");
    }
    let status = Status::from_header_map(response.headers())?;
    match status.code() {
        Code::Ok => return None,
        // The message did not come in time, so nobody was called.
        Code::DeadlineExceeded if !arrival.complete() => return Some("MESSAGE_INCOMPLETE"),
        _ => {}
    }
    let details = status.get_error_details();
    let Some(info) = details.error_info() else {
        // Ours have details: this one is of the generated code, which has no such method.
        return (status.code() == Code::Unimplemented).then_some("METHOD_UNKNOWN");
    };
    REASONS.into_iter().find(|reason| *reason == info.reason)
}

/// Whether a request's message has come to its end. In the request's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrival(Arc<AtomicBool>);

impl Arrival {
    fn complete(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Watches a request's body from here on.
    pub fn watch(request: Request<Body>) -> Request<Body> {
        match request.extensions().get::<Self>().cloned() {
            Some(arrival) => request.map(|inner| Body::new(Arriving { inner, arrival })),
            None => request,
        }
    }
}

pin_project! {
    struct Arriving {
        #[pin]
        inner: Body,
        arrival: Arrival,
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(context));
        if frame.is_none() || this.inner.is_end_stream() {
            this.arrival.0.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use ehub_faults::Fault;

    use super::*;

    fn why(response: &Response<Body>) -> Option<&'static str> {
        let arrival = Arrival::default();
        arrival.0.store(true, Ordering::Relaxed);
        reason(response, &arrival)
    }

    #[test]
    fn calls_are_told_from_what_is_none() {
        for reason in REASONS {
            let refused = Fault::new(Code::InvalidArgument, "server.ehub", reason, "no").into_status().into_http();
            assert_eq!(why(&refused), Some(reason));
        }
        let call = Fault::permission_denied("SCOPE_MISSING", "no").into_status().into_http();
        assert_eq!(why(&call), None, "a known caller's refusal has its audit event");
        assert_eq!(why(&Status::ok("").into_http()), None);
        assert_eq!(why(&Response::new(Body::empty())), None, "a status yet to come in trailers");
        let mut get = Response::new(Body::empty());
        *get.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        assert_eq!(why(&get), Some("NOT_GRPC"));
    }

    #[test]
    fn a_deadline_before_the_message_came_is_no_call() {
        let expired = crate::edge::deadline::expired().into_http();
        assert_eq!(why(&expired), None);
        assert_eq!(reason(&expired, &Arrival::default()), Some("MESSAGE_INCOMPLETE"));
    }
}
