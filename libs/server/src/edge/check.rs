//! What is not a gRPC call is turned away before anything reads it.

use ehub_faults::Fault;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tonic::Code;
use tonic::body::Body;

use crate::DOMAIN;
use crate::stack::{Answer, Stack, Step};

/// The generated code serves any verb, any media type and any query string; we do not.
#[derive(Clone, Debug)]
pub(crate) struct Check;

impl Step for Check {
    fn step(&self, request: Request<Body>, next: Stack) -> Answer {
        match refusal(&request) {
            Some(response) => Box::pin(std::future::ready(response)),
            None => next.answer(request),
        }
    }
}

fn refusal(request: &Request<Body>) -> Option<Response<Body>> {
    if request.method() != Method::POST {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return Some(response);
    }
    let mut types = request.headers().get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (Some(only), None) if is_grpc(only.as_bytes()) => {}
        // "servers should respond with HTTP status 415" (gRPC over HTTP/2, Requests).
        _ => return Some(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
    if request.uri().query().is_some() {
        let fault = Fault::new(Code::Unimplemented, DOMAIN, "NOT_GRPC", "a gRPC path has no query");
        return Some(fault.into_status().into_http());
    }
    None
}

/// `application/grpc`, alone or with `+format` or parameters. gRPC-Web is another type, and not served here.
fn is_grpc(content_type: &[u8]) -> bool {
    match content_type.strip_prefix(b"application/grpc") {
        Some(rest) => matches!(rest.first(), None | Some(b'+' | b';')),
        None => false,
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, path: &str, content_type: &str) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, content_type)
            .body(Body::empty())
            .expect("legal")
    }

    #[test]
    fn only_grpc_passes() {
        assert_eq!(refusal(&request(Method::GET, "/a.B/C", "application/grpc")).expect("refused").status(), 405);
        for content_type in [
            "application/json",
            "application/grpc-web",
            "application/grpc-web+proto",
            "text/plain",
            "application/grpcx",
        ] {
            assert_eq!(refusal(&request(Method::POST, "/a.B/C", content_type)).expect(content_type).status(), 415);
        }
        let query = refusal(&request(Method::POST, "/a.B/C?x=1", "application/grpc")).expect("refused");
        assert_eq!(query.headers()["grpc-status"], "12");
        for content_type in ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"] {
            assert!(refusal(&request(Method::POST, "/a.B/C", content_type)).is_none(), "{content_type}");
        }
    }

    #[test]
    fn two_content_types_are_none() {
        let mut twice = request(Method::POST, "/a.B/C", "application/grpc");
        twice.headers_mut().append(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        assert!(refusal(&twice).is_some());
    }
}
