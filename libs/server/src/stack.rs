//! The layers around the handlers, and the seam they are sewn together with.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Bytes;
use ehub_clock::Clock;
use ehub_telemetry::{ServerTrace, ServerTraceLayer};
use http::{Request, Response};
use http_body::Body as HttpBody;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{BoxError, Layer, Service, ServiceBuilder};

use crate::edge::check::Check;
use crate::edge::deadline::Enforce;
use crate::edge::farewell::Farewell;
use crate::edge::malformed::Malformed;
use crate::edge::open::Split;
use crate::edge::panic::Catch;
use crate::edge::shed::Shed;
use crate::edge::uncalled::Uncalled;
use crate::methods::Methods;

/// What the layers need to know.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub methods: Methods,
    pub shed: Shed,
    pub deadline: Enforce,
    pub farewell: Farewell,
    pub clock: Clock,
}

/// Sews one port together. Outermost first; each line says why it stands where it stands.
pub(crate) fn stack<L, S, B>(open: Routes, guarded: Routes, auth: L, parts: &Parts) -> ServerTrace<Stack>
where
    L: Layer<Stack, Service = S>,
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let guarded = ServiceBuilder::new()
        // Outside everything that looks at the message, inside everything that decides whether we look at all.
        .layer(auth)
        // Directly around the generated code, whose own words for a message it cannot read are not ours.
        .layer(step(Malformed))
        .service(Stack::of(guarded.prepare()));

    ServiceBuilder::new()
        // Outermost: whatever is refused below is still seen, timed and counted, with the caller's trace.
        .layer(ServerTraceLayer::new(parts.methods.known()))
        // Around every layer that refuses: what is refused without becoming a call is counted here, whoever refused it.
        .layer(step(Uncalled::new(parts.clock.clone())))
        // Around all of our own layers: a panic anywhere becomes an answer, and its span ends like any other.
        .layer(step(Catch))
        // Before any work: refusing must stay cheap when there is too much of it. Health passes, or overload restarts the fleet.
        .layer(step(parts.shed.clone()))
        // Before auth, so that what is not gRPC is never shown a token's way, nor read.
        .layer(step(Check))
        // Outside auth: fetching nothing and waiting for nobody, auth is still part of what the caller waits for.
        .layer(step(parts.deadline.clone()))
        // Inside the deadline, which ends streams too, and outside the fork, because health is watched as well.
        .layer(step(parts.farewell.clone()))
        // The fork: health and reflection need no token, everything else does.
        .service(Stack::new(Split::new(Stack::of(open.prepare()), Stack::of(guarded))))
}

/// A response on its way.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Anything that answers requests.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Answers one.
    fn answer(&self, request: Request<Body>) -> Answer;
}

/// A service with its type erased: clones share it, and it is always ready, because what limits us refuses and never queues.
#[derive(Clone)]
pub struct Stack(Arc<dyn Answers>);

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

impl Stack {
    pub(crate) fn new(inner: impl Answers) -> Self {
        Self(Arc::new(inner))
    }

    /// Erases a tower service. Its errors become the status they mean.
    pub fn of<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::new(Tower(service))
    }

    pub(crate) fn answer(&self, request: Request<Body>) -> Answer {
        self.0.answer(request)
    }
}

impl Service<Request<Body>> for Stack {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.answer(request);
        Box::pin(async move { Ok(answer.await) })
    }
}

/// A tower service as something that answers.
struct Tower<S>(S);

impl<S, B> Answers for Tower<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn answer(&self, request: Request<Body>) -> Answer {
        let mut service = self.0.clone();
        Box::pin(async move {
            if let Err(error) = std::future::poll_fn(|context| service.poll_ready(context)).await {
                return Status::from_error(error.into()).into_http();
            }
            match service.call(request).await {
                Ok(response) => response.map(Body::new),
                Err(error) => Status::from_error(error.into()).into_http(),
            }
        })
    }
}

/// One layer of ours: looks at the request, perhaps goes on, perhaps looks at the response.
pub(crate) trait Step: Send + Sync + 'static {
    /// Handles one request; `next` is the rest of the stack.
    fn step(&self, request: Request<Body>, next: Stack) -> Answer;
}

/// A step as a tower layer.
pub(crate) fn step<T: Step>(step: T) -> StepLayer<T> {
    StepLayer(Arc::new(step))
}

#[derive(Clone, Debug)]
pub(crate) struct StepLayer<T>(Arc<T>);

impl<T, S, B> Layer<S> for StepLayer<T>
where
    T: Step,
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Service = Stack;

    fn layer(&self, inner: S) -> Stack {
        Stack::new(Stepped { step: Arc::clone(&self.0), next: Stack::of(inner) })
    }
}

struct Stepped<T> {
    step: Arc<T>,
    next: Stack,
}

impl<T: Step> Answers for Stepped<T> {
    fn answer(&self, request: Request<Body>) -> Answer {
        self.step.step(request, self.next.clone())
    }
}
