//! Adds the service's token to every request it sends.

use std::task::{Context, Poll};

use ehub_faults::Fault;
use http::{Request, Response, header::AUTHORIZATION};
use tonic::{Status, metadata::MetadataValue, service::Interceptor};
use tower::{Layer, Service};

use super::TokenSource;
use crate::ResponseFuture;

/// Puts `authorization` on each request: a tower [`Layer`] and a tonic [`Interceptor`]. Whatever was there is replaced.
///
/// Without a token nothing is sent; the call ends with UNAVAILABLE `SERVICE_TOKEN_MISSING`.
#[derive(Debug, Clone)]
pub struct ServiceIdentity(TokenSource);

impl ServiceIdentity {
    /// With the token of `source`.
    #[must_use]
    pub fn new(source: TokenSource) -> Self {
        Self(source)
    }
}

fn without_token() -> Fault {
    Fault::unavailable("SERVICE_TOKEN_MISSING", "this service has no token of its own to make the call")
}

impl<S> Layer<S> for ServiceIdentity {
    type Service = ServiceIdentityService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServiceIdentityService { inner, source: self.0.clone() }
    }
}

impl Interceptor for ServiceIdentity {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
        let header = self.0.authorization().map_err(|_| without_token().into_status())?;
        let mut value = MetadataValue::try_from(header.as_bytes()).map_err(|_| without_token().into_status())?;
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

/// What [`ServiceIdentity`] makes of a client's service.
#[derive(Debug, Clone)]
pub struct ServiceIdentityService<S> {
    inner: S,
    source: TokenSource,
}

impl<S, B, R> Service<Request<B>> for ServiceIdentityService<S>
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
        match self.source.authorization() {
            Ok(header) => {
                request.headers_mut().insert(AUTHORIZATION, header);
                ResponseFuture::admitted(self.inner.call(request))
            }
            Err(_) => ResponseFuture::refused(None, without_token().into_status().into_http()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::ServiceExt;

    use super::*;
    use crate::testing;

    async fn send(source: TokenSource) -> Response<String> {
        let echo = tower::service_fn(|request: Request<()>| async move {
            let sent: Vec<_> = request
                .headers()
                .get_all(AUTHORIZATION)
                .iter()
                .map(|value| value.to_str().unwrap().to_owned())
                .collect();
            Ok::<_, Infallible>(Response::new(sent.join(",")))
        });
        let request = Request::builder().header("authorization", "Bearer someone-else").body(()).unwrap();
        ServiceIdentity::new(source).layer(echo).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn without_a_token_nothing_is_sent() {
        let source = TokenSource::file("/nonexistent/token", testing::clock());
        let answer = send(source.clone()).await;
        assert_eq!(answer.headers()["grpc-status"], "14");
        assert_eq!(answer.body(), "");
        let intercepted = ServiceIdentity::new(source).call(tonic::Request::new(()));
        let refused = intercepted.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Unavailable);
        assert!(String::from_utf8_lossy(refused.details()).contains("SERVICE_TOKEN_MISSING"));
    }

    #[tokio::test]
    async fn the_token_replaces_whatever_was_there() {
        let source = TokenSource::fixed("own").unwrap();
        assert_eq!(send(source.clone()).await.body(), "Bearer own");
        let request = ServiceIdentity::new(source).call(tonic::Request::new(())).unwrap();
        assert_eq!(request.metadata().get("authorization").unwrap(), "Bearer own");
    }
}
