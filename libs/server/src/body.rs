//! Bodies wrapped around response bodies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

use crate::edge::deadline::expired;
use crate::edge::panic::broken;

pin_project! {
    /// Keeps something until the body has ended or was dropped.
    pub(crate) struct Holding<T> {
        #[pin]
        inner: Body,
        held: Option<T>,
    }
}

impl<T> Holding<T> {
    pub fn new(inner: Body, held: T) -> Self {
        Self { inner, held: Some(held) }
    }
}

impl<T> HttpBody for Holding<T> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(context));
        if frame.is_none() {
            this.held.take();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project! {
    /// Ends a body with a status of ours: when it panics, and when its time is over.
    pub(crate) struct Guarded {
        #[pin]
        inner: Body,
        #[pin]
        until: Option<Sleep>,
        over: bool,
    }
}

impl Guarded {
    /// Catches panics.
    pub fn panics(inner: Body) -> Self {
        Self { inner, until: None, over: false }
    }

    /// Ends with `DEADLINE_EXCEEDED` when `until` is over.
    pub fn deadline(inner: Body, until: Sleep) -> Self {
        Self { inner, until: Some(until), over: false }
    }
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let end = match catch_unwind(AssertUnwindSafe(|| this.inner.poll_frame(context))) {
            Ok(Poll::Ready(frame)) => return Poll::Ready(frame),
            Ok(Poll::Pending) => {
                let Some(until) = this.until.as_pin_mut() else { return Poll::Pending };
                ready!(until.poll(context));
                expired()
            }
            Err(_) => broken(),
        };
        *this.over = true;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(match end.add_header(&mut trailers) {
            Ok(()) => Ok(Frame::trailers(trailers)),
            Err(status) => Err(status),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }
}
