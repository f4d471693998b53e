//! Refusing early when there is too much: a quick "later" is worth more than a slow failure.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ehub_faults::Fault;
use ehub_telemetry::metrics::{self, Counter};
use http::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tonic::Code;
use tonic::body::Body;

use super::open::is_health;
use crate::DOMAIN;
use crate::body::Holding;
use crate::config::Limits;
use crate::methods::Methods;
use crate::stack::{Answer, Stack, Step};

static SHED: Counter = metrics::counter("ehub.server.shed", "{call}", "Calls refused because too many were running.");

/// Longer than any token lives, with which a stream ends.
const MOST_OF_A_STREAM: Duration = Duration::from_secs(2 * 60 * 60);

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
    most: Duration,
    methods: Methods,
}

impl Shed {
    /// `most`: how long the answer to a unary call may be under way.
    pub fn new(limits: &Limits, most: Duration, methods: Methods) -> Self {
        Self {
            unary: Arc::new(Semaphore::new(limits.in_flight)),
            streams: Arc::new(Semaphore::new(limits.streams)),
            retry_after: limits.retry_after.get(),
            most,
            methods,
        }
    }

    /// Reports the calls that run on the port, and how many may, whenever metrics are sent.
    pub fn observe(&self, port: &'static str, limits: &Limits) {
        let kinds = [
            ("unary", Arc::clone(&self.unary), limits.in_flight),
            ("stream", Arc::clone(&self.streams), limits.streams),
        ];
        let about = move |kind| vec![("ehub.server.port", port), ("ehub.call.kind", kind)];
        let most = kinds.each_ref().map(|&(kind, _, most)| (count(most), about(kind)));
        metrics::observe("ehub.server.calls.running", "{call}", "Calls that are running.", move || {
            kinds
                .each_ref()
                .map(|(kind, places, most)| (count(most.saturating_sub(places.available_permits())), about(kind)))
        });
        metrics::observe("ehub.server.calls.max", "{call}", "Calls that may run at once.", move || most.clone());
    }
}

fn count(calls: usize) -> i64 {
    i64::try_from(calls).unwrap_or(i64::MAX)
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
        let most = if kind == "stream" { MOST_OF_A_STREAM } else { self.most };
        Box::pin(
            async move { next.answer(request).await.map(|body| Body::new(Holding::new(body, Lent::new(place, most)))) },
        )
    }
}

/// A place that a body on its way out keeps, for a time at most. A peer that opens no window has hyper wait with what it
/// has, and nobody asks the body any more: without the timer a few such peers would hold all places there are.
struct Lent {
    _place: Arc<Mutex<Option<InFlight>>>,
    timer: AbortHandle,
}

impl Lent {
    fn new(place: InFlight, most: Duration) -> Self {
        let place = Arc::new(Mutex::new(Some(place)));
        let lent = Arc::clone(&place);
        let timer = tokio::spawn(async move {
            tokio::time::sleep(most).await;
            lent.lock().unwrap_or_else(PoisonError::into_inner).take();
        });
        Self { _place: place, timer: timer.abort_handle() }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_nobody_asks_keeps_its_place_for_a_time_at_most() {
        let places = Arc::new(Semaphore::new(2));
        let take = || InFlight { _permit: Arc::new(Arc::clone(&places).try_acquire_owned().expect("free")) };
        let (stalled, ended) = (take(), take());
        let stalled = Holding::new(Body::empty(), Lent::new(stalled, Duration::from_secs(20)));
        drop(Holding::new(Body::empty(), Lent::new(ended, Duration::from_secs(20))));
        tokio::time::sleep(Duration::from_secs(19)).await;
        assert_eq!(places.available_permits(), 1, "the one that ended gave its place back at once");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(places.available_permits(), 2);
        drop(stalled);
    }
}
