//! Streams end when the door closes, whether or not their handlers know of it: one watcher must not hold up a drain.

use std::time::Duration;

use ehub_faults::Fault;
use http::Request;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::DOMAIN;
use crate::body::Guarded;
use crate::methods::Methods;
use crate::stack::{Answer, Stack, Step};

/// Ends streaming responses with `UNAVAILABLE` once `closing` is cancelled.
#[derive(Clone, Debug)]
pub(crate) struct Farewell {
    pub methods: Methods,
    pub closing: CancellationToken,
    pub retry_after: Duration,
}

impl Step for Farewell {
    fn step(&self, request: Request<Body>, next: Stack) -> Answer {
        if !self.methods.streams(request.uri().path()) {
            return next.answer(request);
        }
        let (closing, retry_after) = (self.closing.clone(), self.retry_after);
        let over = async move {
            closing.cancelled_owned().await;
            leaving(retry_after)
        };
        Box::pin(async move { next.answer(request).await.map(|body| Body::new(Guarded::until(body, over))) })
    }
}

fn leaving(retry_after: Duration) -> Status {
    Fault::new(Code::Unavailable, DOMAIN, "STOPPING", "this replica is stopping; connect again")
        .retry_after(retry_after)
        .into_status()
}
