//! From bound ports to a drained process.

mod ports;
mod tasks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::{BoxError, Layer, Service};

use crate::admin::{self, Admin};
use crate::built::Built;
use crate::config::{Drain, ServerConfig};
use crate::edge::accept::Cut;
use crate::health::{Health, with_reflection};
use crate::methods::Methods;
use crate::readiness::Readiness;
use crate::stack::Stack;

use ports::{Gate, Listeners, serve};
use tasks::Tasks;

/// After the hard stop, how long tasks get to notice.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The addresses really bound: a configured port 0 is a free one by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The public port.
    pub grpc: SocketAddr,
    /// The suite's own port, where the service has one.
    pub internal: Option<SocketAddr>,
    /// The probes' port.
    pub admin: SocketAddr,
}

/// Serving could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port is not to be had.
    #[error("cannot listen on {address} for {port}")]
    Bind {
        /// Which port.
        port: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The descriptor set given is none.
    #[error("the descriptor set cannot be read")]
    Descriptors(#[from] prost::DecodeError),
    /// The descriptor set does not hold the services named.
    #[error("reflection cannot be built from the descriptor sets")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A port stopped serving.
    #[error("the {0} port stopped serving")]
    Stopped(&'static str),
    /// A worker panicked; where is in the log.
    #[error("the worker {0} panicked")]
    WorkerPanicked(&'static str),
}

/// Runs a service until `shutdown` resolves, then drains it. Returns when all is quiet or the hard stop has passed.
///
/// `auth` is a tower layer around everything but health and reflection. `on_bound` is called once, before the first call is
/// served. All ports are bound before anything else happens.
///
/// # Errors
/// When it cannot begin, a port stops, or a worker panics; in the latter cases it drains first.
pub async fn run<L, S, B>(
    config: &ServerConfig,
    service: &'static str,
    built: Built,
    auth: L,
    on_bound: impl FnOnce(Bound),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError>
where
    L: Layer<Stack, Service = S> + Clone + 'static,
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let listeners = Listeners::bind(config, built.internal.is_some()).await?;
    let bound = listeners.bound();
    let mut sets = built.descriptors.clone();
    sets.push(tonic_health::pb::FILE_DESCRIPTOR_SET);
    sets.push(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET);
    sets.push(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET);
    let methods = Methods::read(&sets)?;

    let (mut open, health) = Health::new(&built.services, &built.readiness).await;
    if config.reflection {
        open = with_reflection(open, &built.services, &built.descriptors)?;
    }
    let stop = Stop::new(built.readiness.clone(), built.end_streams.clone());
    let admin = Admin {
        readiness: built.readiness,
        set_filter: built.set_filter,
        config_view: built.config_view.map(Arc::from),
    };
    let mut tasks = Tasks::new();
    tasks.background(health.follow());
    tasks.background(async move {
        // Ends only with the process; probes are answered to the last.
        let _ = axum::serve(listeners.admin, admin::router(admin)).await;
    });
    let gate = |name| Gate { name, config, methods: &methods, cut: stop.cut() };
    tasks.port("grpc", serve(listeners.grpc, open.clone(), built.public, auth.clone(), gate("grpc")));
    if let (Some(listener), Some(routes)) = (listeners.internal, built.internal) {
        tasks.port("internal", serve(listener, open, routes, auth, gate("internal")));
    }
    for worker in built.workers {
        tasks.worker(worker.name, (worker.run)(stop.workers.clone()));
    }
    tracing::info!(service, grpc = %bound.grpc, internal = bound.internal.map(tracing::field::display), admin = %bound.admin, "serving");
    on_bound(bound);

    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        failure = tasks.failure() => Err(failure),
    };
    let drained = stop.drain(&config.drain, &mut tasks).await;
    outcome.and(drained)
}

/// The order of stopping.
struct Stop {
    readiness: Readiness,
    workers: CancellationToken,
    streams: CancellationToken,
    closing: CancellationToken,
    hard: CancellationToken,
}

impl Stop {
    fn new(readiness: Readiness, streams: CancellationToken) -> Self {
        let token = CancellationToken::new;
        Self { readiness, workers: token(), streams, closing: token(), hard: token() }
    }

    fn cut(&self) -> Cut {
        Cut { closing: self.closing.clone(), hard: self.hard.clone() }
    }

    async fn drain(&self, drain: &Drain, tasks: &mut Tasks) -> Result<(), ServeError> {
        // First nobody new is sent here, and nothing new is begun beside the calls.
        self.readiness.drain();
        self.workers.cancel();
        tokio::time::sleep(drain.grace.get()).await;
        // Then the door closes: GOAWAY to clients, streams asked to end, silent connections dropped.
        self.streams.cancel();
        self.closing.cancel();
        if let Ok(outcome) = tokio::time::timeout(drain.hard_stop.get(), tasks.finished()).await {
            tracing::info!("drained");
            return outcome;
        }
        // By a timer and not by trust: one peer that never hangs up must not keep the process.
        tracing::warn!("hard stop: what still ran was cut off");
        self.hard.cancel();
        tokio::time::timeout(LAST_WORD, tasks.finished()).await.unwrap_or(Ok(()))
    }
}
