//! What is known about one call, and its one end.

use std::time::Instant;

use ehub_clock::Clock;
use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tracing::Span;

use crate::metrics::{self, CALL_BUCKETS, Counter, Histogram};

/// The attribute that holds the gRPC status by name. The conventions are moving it; this is the one place to follow.
pub const RPC_STATUS_CODE_KEY: &str = "rpc.response.status_code";

static SERVER_DURATION: Histogram =
    metrics::histogram("rpc.server.call.duration", "s", "How long calls took to answer.", CALL_BUCKETS);
static CLIENT_DURATION: Histogram =
    metrics::histogram("rpc.client.call.duration", "s", "How long calls took to be answered.", CALL_BUCKETS);

static REFUSALS: Counter =
    metrics::counter("ehub.rpc.refusals", "{call}", "Calls that were not answered OK, by status and reason.");

/// Which end of the call we are.
#[derive(Debug)]
pub(super) enum Side {
    Server,
    Client { address: String, port: String },
}

/// A running call. It ends once: by its status, or, when dropped before, as cancelled.
#[derive(Debug)]
pub(super) struct Call {
    side: Side,
    method: String,
    span: Span,
    clock: Clock,
    started: Instant,
    ended: bool,
    hushed: bool,
}

impl Call {
    pub fn new(side: Side, method: String, span: Span, clock: Clock) -> Self {
        let started = clock.monotonic();
        Self { side, method, span, clock, started, ended: false, hushed: false }
    }

    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Leaves the line about its end to somebody else.
    pub fn hush(&mut self) {
        self.hushed = true;
    }

    /// Ends by the `grpc-status` in headers or trailers; `false` when there is none.
    pub fn end_by(&mut self, headers: &HeaderMap) -> bool {
        let Some(status) = Status::from_header_map(headers) else {
            return false;
        };
        self.end_with(&status);
        true
    }

    /// Ends with a status that never became headers.
    pub fn end_with(&mut self, status: &Status) {
        let reason = if status.code() == Code::Ok {
            None
        } else {
            status.get_error_details().error_info().map(|info| info.reason.clone())
        };
        self.end(status.code(), reason.as_deref());
    }

    /// Ends the call; later ends are ignored.
    pub fn end(&mut self, code: Code, reason: Option<&str>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let name = code_name(code);
        let failed = self.failed(code);
        self.span.record("rpc.response.status_code", name);
        if let Some(reason) = reason {
            self.span.record("ehub.error.reason", reason);
        }
        if failed {
            self.span.record("error.type", name);
            self.span.record("otel.status_code", "ERROR");
        }
        self.log(code, name, failed, reason);
        self.measure(name, failed, reason);
    }

    /// A server failed only where the fault may be its own (RPC semantic conventions, gRPC); for a client all but OK is failure.
    fn failed(&self, code: Code) -> bool {
        match self.side {
            Side::Client { .. } => code != Code::Ok,
            Side::Server => matches!(
                code,
                Code::Unknown
                    | Code::DeadlineExceeded
                    | Code::Unimplemented
                    | Code::Internal
                    | Code::Unavailable
                    | Code::DataLoss
            ),
        }
    }

    fn log(&self, code: Code, name: &str, failed: bool, reason: Option<&str>) {
        if matches!(self.side, Side::Client { .. }) || code == Code::Ok || self.hushed {
            return;
        }
        let _entered = self.span.enter();
        let millis = u64::try_from((self.clock.monotonic() - self.started).as_millis()).unwrap_or(u64::MAX);
        if failed && code != Code::Unimplemented {
            tracing::warn!(target: "ehub::rpc", status = name, ehub.error.reason = reason, millis, "call failed");
        } else {
            tracing::info!(target: "ehub::rpc", status = name, ehub.error.reason = reason, millis, "call refused");
        }
    }

    fn measure(&self, name: &str, failed: bool, reason: Option<&str>) {
        let seconds = (self.clock.monotonic() - self.started).as_secs_f64();
        let mut attributes =
            vec![("rpc.system.name", "grpc"), ("rpc.method", self.method.as_str()), (RPC_STATUS_CODE_KEY, name)];
        if failed {
            attributes.push(("error.type", name));
        }
        match &self.side {
            Side::Server => {
                SERVER_DURATION.record(seconds, &attributes);
                if name != "OK" {
                    let reason = reason.unwrap_or("NONE");
                    REFUSALS.add(1, &[(RPC_STATUS_CODE_KEY, name), ("ehub.error.reason", reason)]);
                }
            }
            Side::Client { address, port } => {
                attributes.extend([("server.address", address.as_str()), ("server.port", port.as_str())]);
                CLIENT_DURATION.record(seconds, &attributes);
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Code::Cancelled, None);
    }
}

/// The code as the conventions write it.
pub(super) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_no_failure_of_the_server_but_is_one_for_the_client() {
        let call = |side| Call::new(side, "m".to_owned(), Span::none(), Clock::system());
        let server = call(Side::Server);
        let client = call(Side::Client { address: "a".to_owned(), port: "1".to_owned() });
        assert!(!server.failed(Code::NotFound) && client.failed(Code::NotFound));
        assert!(server.failed(Code::Internal) && client.failed(Code::Internal));
        assert!(!server.failed(Code::Ok) && !client.failed(Code::Ok));
    }

    #[test]
    fn a_call_ends_once() {
        let mut call = Call::new(Side::Server, "m".to_owned(), Span::none(), Clock::system());
        assert!(!call.end_by(&HeaderMap::new()));
        call.end(Code::Ok, None);
        call.end(Code::Internal, None);
        assert!(call.ended);
    }
}
