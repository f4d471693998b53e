//! Refusing early when there is too much: a quick "later" is worth more than a slow failure.

use std::sync::Arc;
use std::time::Duration;

use ehub_faults::Fault;
use ehub_telemetry::metrics::{self, Counter};
use http::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;
use tonic::body::Body;

use super::open::is_health;
use crate::DOMAIN;
use crate::body::Holding;
use crate::config::Limits;
use crate::methods::Methods;
use crate::stack::{Answer, Stack, Step};

static SHED: Counter = metrics::counter("ehub.server.shed", "{call}", "Calls refused because too many were running.");

/// The place a call takes, free again when its response has ended and every clone is gone.
///
/// It is in the request's extensions, so that a handler which goes on in a task of its own keeps it there.
#[derive(Clone, Debug)]
pub struct InFlight {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// The limiter of one port. Streams have places of their own, or a morning's watchers would starve the calls.
#[derive(Clone, Debug)]
pub(crate) struct Shed {
    unary: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    retry_after: Duration,
    methods: Methods,
}

impl Shed {
    pub fn new(limits: &Limits, methods: Methods) -> Self {
        Self {
            unary: Arc::new(Semaphore::new(limits.in_flight)),
            streams: Arc::new(Semaphore::new(limits.streams)),
            retry_after: limits.retry_after.get(),
            methods,
        }
    }
}

impl Step for Shed {
    fn step(&self, mut request: Request<Body>, next: Stack) -> Answer {
        if is_health(request.uri().path()) {
            return next.answer(request);
        }
        let (places, kind) =
            if self.methods.streams(request.uri().path()) { (&self.streams, "stream") } else { (&self.unary, "unary") };
        let Ok(permit) = Arc::clone(places).try_acquire_owned() else {
            SHED.add(1, &[("ehub.call.kind", kind)]);
            let fault =
                Fault::new(Code::ResourceExhausted, DOMAIN, "OVERLOADED", "too many calls are running; try again")
                    .retry_after(self.retry_after);
            return Box::pin(std::future::ready(fault.into_status().into_http()));
        };
        let place = InFlight { _permit: Arc::new(permit) };
        request.extensions_mut().insert(place.clone());
        Box::pin(async move { next.answer(request).await.map(|body| Body::new(Holding::new(body, place))) })
    }
}
