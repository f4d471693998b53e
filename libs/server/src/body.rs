//! Bodies wrapped around response bodies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::body::Body;

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
    /// Ends a body with a status of ours: when it panics, and when something else says so.
    pub(crate) struct Guarded {
        #[pin]
        inner: Body,
        until: Option<Until>,
        over: bool,
    }
}

/// Resolves to the status a body is to end with.
pub(crate) type Until = Pin<Box<dyn Future<Output = Status> + Send>>;

impl Guarded {
    /// Catches panics.
    pub fn panics(inner: Body) -> Self {
        Self { inner, until: None, over: false }
    }

    /// Ends with the status `until` resolves to, if it does before the body has ended.
    pub fn until(inner: Body, until: impl Future<Output = Status> + Send + 'static) -> Self {
        Self { inner, until: Some(Box::pin(until)), over: false }
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
                let Some(until) = this.until else {
                    return Poll::Pending;
                };
                ready!(until.as_mut().poll(context))
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
