//! The few paths that need no token.

use http::Request;
use tonic::body::Body;

use crate::stack::{Answer, Answers, Stack};

/// Whether a path asks for health.
pub(crate) fn is_health(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.Health/")
}

/// Whether a path is served without a token. Health says nothing about tenants; reflection is off unless switched on.
fn is_open(path: &str) -> bool {
    is_health(path)
        || path.starts_with("/grpc.reflection.v1.ServerReflection/")
        || path.starts_with("/grpc.reflection.v1alpha.ServerReflection/")
}

/// Sends open paths one way and all others the other.
pub(crate) struct Split {
    open: Stack,
    guarded: Stack,
}

impl Split {
    pub fn new(open: Stack, guarded: Stack) -> Self {
        Self { open, guarded }
    }
}

impl Answers for Split {
    fn answer(&self, request: Request<Body>) -> Answer {
        if is_open(request.uri().path()) { self.open.answer(request) } else { self.guarded.answer(request) }
    }
}
