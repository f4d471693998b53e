//! The tower layer in front of the handlers: no request passes without a rule and a caller that the rule admits.

mod admit;
mod future;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Layer, Service};

use crate::{RefusalCounts, RefusalSink, Rules, Verifier, refusal::Unauthenticated};

pub use future::ResponseFuture;

/// gRPC's own services, which say nothing about patients or tenants and are asked by machinery without tokens.
pub const OPEN_SERVICES: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// Authenticates and authorises every request, then calls the service inside with `Arc<Caller>`,
/// [`Rule`](crate::Rule) and [`GrantPresented`](crate::GrantPresented) in the request's extensions.
///
/// The headers `authorization` and `ehub-grant` are taken out, so that nothing behind can log, forward or reread them.
/// A refusal is a complete gRPC answer without a body (trailers-only).
#[derive(Clone)]
pub struct AuthLayer(Arc<Shared>);

struct Shared {
    verifier: Arc<Verifier>,
    rules: Arc<Rules>,
    sink: Arc<dyn RefusalSink>,
    open: Vec<String>,
    unauthenticated: Unauthenticated,
}

impl AuthLayer {
    /// A layer in which only [`OPEN_SERVICES`] pass without a token.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, rules: Arc<Rules>, sink: Arc<dyn RefusalSink>) -> Self {
        Self::with_open_services(verifier, rules, sink, OPEN_SERVICES)
    }

    /// A layer in which the named services (`package.Service`) pass without a token, unless a rule is written for the RPC.
    #[must_use]
    pub fn with_open_services<'a>(
        verifier: Arc<Verifier>,
        rules: Arc<Rules>,
        sink: Arc<dyn RefusalSink>,
        open: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let open = open.into_iter().map(|service| format!("/{service}/")).collect();
        Self(Arc::new(Shared { verifier, rules, sink, open, unauthenticated: Unauthenticated::default() }))
    }

    /// Unauthenticated calls by reason, since start.
    #[must_use]
    pub fn counts(&self) -> &RefusalCounts {
        &self.0.unauthenticated.counts
    }
}

impl fmt::Debug for AuthLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer").field("open", &self.0.open).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService { inner, auth: self.clone() }
    }
}

/// What [`AuthLayer`] makes of a service.
#[derive(Debug, Clone)]
pub struct AuthService<S> {
    inner: S,
    auth: AuthLayer,
}

impl<S, B, R> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.auth.0.admit(&mut request) {
            Ok(()) => ResponseFuture::admitted(self.inner.call(request)),
            Err(stopped) => ResponseFuture::refused(stopped.recording, stopped.fault.into_status().into_http()),
        }
    }
}

#[cfg(test)]
mod tests;
