//! What a service hands over to be run.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::Readiness;

/// The body of a worker.
pub type WorkerFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Changes the log filter, or says why not.
pub(crate) type SetFilter = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// A task that runs beside the calls: a relay, a poller, a timer.
pub struct Worker {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnOnce(CancellationToken) -> WorkerFuture + Send>,
}

impl Worker {
    /// A worker that ends, soon, when the token is cancelled. If it panics the process ends: a relay that is gone
    /// while the port still answers would be a quiet loss.
    pub fn new<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: FnOnce(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self { name, run: Box::new(move |stop| Box::pin(run(stop))) }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A service, built and not yet running.
pub struct Built {
    pub(crate) public: Routes,
    pub(crate) internal: Option<Routes>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) readiness: Readiness,
    pub(crate) services: Vec<String>,
    pub(crate) descriptors: Vec<&'static [u8]>,
    pub(crate) end_streams: CancellationToken,
    pub(crate) set_filter: Option<SetFilter>,
    pub(crate) config_view: Option<String>,
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Built")
            .field("services", &self.services)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl Built {
    /// A service with these routes on its public port.
    #[must_use]
    pub fn new(public: Routes) -> Self {
        Self {
            public,
            internal: None,
            workers: Vec::new(),
            readiness: Readiness::new(),
            services: Vec::new(),
            descriptors: Vec::new(),
            end_streams: CancellationToken::new(),
            set_filter: None,
            config_view: None,
        }
    }

    /// Routes on the second port, for the suite alone.
    #[must_use]
    pub fn internal(mut self, routes: Routes) -> Self {
        self.internal = Some(routes);
        self
    }

    /// Adds a worker.
    #[must_use]
    pub fn worker(mut self, worker: Worker) -> Self {
        self.workers.push(worker);
        self
    }

    /// What must hold before calls are wanted.
    #[must_use]
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// The full names of the public services: for health, and for what reflection lists.
    #[must_use]
    pub fn services<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.services.extend(names.into_iter().map(Into::into));
        self
    }

    /// An encoded `FileDescriptorSet` of the services on either port: tells unary from streaming methods and known
    /// from invented ones, and is what reflection answers with.
    #[must_use]
    pub fn descriptors(mut self, encoded: &'static [u8]) -> Self {
        self.descriptors.push(encoded);
        self
    }

    /// A token that handlers of long streams may watch: cancelled when the door closes. Streams end then in any case, with
    /// `UNAVAILABLE`; a handler that watches can stop its work at once.
    #[must_use]
    pub fn end_streams_by(mut self, token: CancellationToken) -> Self {
        self.end_streams = token;
        self
    }

    /// Lets `PUT /log-filter` on the admin port change what is logged.
    #[must_use]
    pub fn log_filter(mut self, set: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.set_filter = Some(Arc::new(set));
        self
    }

    /// What `GET /config` on the admin port shows: the effective configuration, with secrets redacted by the caller.
    #[must_use]
    pub fn config_view(mut self, text: String) -> Self {
        self.config_view = Some(text);
        self
    }
}
