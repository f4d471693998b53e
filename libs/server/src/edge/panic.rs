//! A handler that panics answers INTERNAL, bare, and takes nothing down with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use ehub_faults::Fault;
use ehub_telemetry::metrics::{self, Counter};
use http::Request;
use tonic::Status;
use tonic::body::Body;

use crate::body::Guarded;
use crate::stack::{Answer, Stack, Step};

static PANICS: Counter = metrics::counter("ehub.server.panics", "{panic}", "Handlers that panicked.");

/// The panic catcher.
#[derive(Clone, Debug)]
pub(crate) struct Catch;

impl Step for Catch {
    fn step(&self, request: Request<Body>, next: Stack) -> Answer {
        // Building the future runs code of the inner layers, so it belongs inside the guard as well.
        let Ok(mut answer) = catch_unwind(AssertUnwindSafe(|| next.answer(request))) else {
            return Box::pin(std::future::ready(broken().into_http()));
        };
        Box::pin(std::future::poll_fn(move |context| {
            match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
                Ok(polled) => polled.map(|response| response.map(|body| Body::new(Guarded::panics(body)))),
                Err(_) => Poll::Ready(broken().into_http()),
            }
        }))
    }
}

/// What the caller is told: nothing but the trace to quote.
pub(crate) fn broken() -> Status {
    PANICS.add(1, &[]);
    // The panic's own words stay unsaid: they may quote what the handler held in its hands.
    tracing::error!("a handler panicked");
    Fault::broken().into_status()
}
