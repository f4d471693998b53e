//! A message that cannot be read is the caller's mistake; the generated code calls it ours and quotes from it.

use ehub_faults::Fault;
use http::{Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};

use super::uncalled::Arrival;
use crate::DOMAIN;
use crate::stack::{Answer, Stack, Step};

/// How tonic 0.14.9 begins when it blames itself for what the caller sent.
const CODEC: [&str; 4] = [
    "failed to decode Protobuf message",
    "Missing request message",
    "Unexpected EOF decoding stream",
    "protocol error: received message with",
];

/// Rewrites the refusals of tonic's codec.
#[derive(Clone, Debug)]
pub(crate) struct Malformed;

impl Step for Malformed {
    fn step(&self, request: Request<Body>, next: Stack) -> Answer {
        let request = Arrival::watch(request);
        Box::pin(async move {
            let response = next.answer(request).await;
            match rewritten(&response) {
                Some(fault) => fault.into_status().into_http(),
                None => response,
            }
        })
    }
}

/// Codec errors come as trailers-only responses without details; ours always have details, so they are never mistaken.
fn rewritten(response: &Response<Body>) -> Option<Fault> {
    let status = Status::from_header_map(response.headers())?;
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::Internal if CODEC.iter().any(|words| status.message().starts_with(words)) => Some(Fault::new(
            Code::InvalidArgument,
            DOMAIN,
            "MALFORMED_REQUEST",
            "the message is not what the method expects",
        )),
        Code::OutOfRange if status.message().contains("message length too large") => Some(Fault::new(
            Code::InvalidArgument,
            DOMAIN,
            "MESSAGE_TOO_LARGE",
            "the message is larger than the method allows",
        )),
        // tonic quotes the encoding that was asked for; what it takes stands in `grpc-accept-encoding`.
        Code::Unimplemented if status.message().starts_with("Content is compressed with") => {
            Some(Fault::new(Code::Unimplemented, DOMAIN, "NOT_GRPC", "messages are taken uncompressed"))
        }
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the statuses here stand for those tonic makes by itself")]
mod tests {
    use super::*;

    fn reason(status: Status) -> Option<&'static str> {
        rewritten(&status.into_http()).map(|fault| fault.reason())
    }

    #[test]
    fn only_the_codecs_words_are_rewritten() {
        assert_eq!(
            reason(Status::new(Code::Internal, "failed to decode Protobuf message: Name.x: invalid")),
            Some("MALFORMED_REQUEST")
        );
        assert_eq!(reason(Status::new(Code::Internal, "Missing request message.")), Some("MALFORMED_REQUEST"));
        assert_eq!(
            reason(Status::out_of_range("Error, decoded message length too large: found 9")),
            Some("MESSAGE_TOO_LARGE")
        );
        assert_eq!(
            reason(Status::unimplemented("Content is compressed with `x` which isn't supported")),
            Some("NOT_GRPC")
        );
        assert_eq!(reason(Status::new(Code::Internal, "internal error")), None);
        assert_eq!(
            reason(Fault::new(Code::Internal, DOMAIN, "X", "failed to decode Protobuf message").into_status()),
            None
        );
        assert!(rewritten(&Response::new(Body::empty())).is_none());
    }
}
