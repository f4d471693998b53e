//! The second half of a call: its status usually comes last, in the trailers.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Code;

use super::SaidElsewhere;
use super::record::Call;

pin_project! {
    /// A response on its way, inside the call's span.
    #[derive(Debug)]
    pub struct TracedFuture<F> {
        #[pin]
        inner: F,
        call: Option<Call>,
    }
}

impl<F> TracedFuture<F> {
    pub(super) fn new(inner: F, call: Call) -> Self {
        Self { inner, call: Some(call) }
    }
}

impl<F, B, E> Future for TracedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<TracedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = {
            let _entered = this.call.as_ref().map(|call| call.span().enter());
            ready!(this.inner.poll(context))
        };
        let mut call = this.call.take();
        match outcome {
            Ok(response) => Poll::Ready(Ok(match call {
                Some(call) => settle(response, call),
                None => response.map(|inner| TracedBody { inner, call: None }),
            })),
            Err(error) => {
                if let Some(running) = &mut call {
                    running.end(Code::Unavailable, None);
                }
                Poll::Ready(Err(error))
            }
        }
    }
}

/// Ends the call by the response's head where that is the end of it, and leaves it to the body where not.
pub(super) fn settle<B>(response: Response<B>, mut call: Call) -> Response<TracedBody<B>> {
    if response.extensions().get::<SaidElsewhere>().is_some() {
        call.hush();
    }
    let ended = call.end_by(response.headers());
    if !ended && response.status() != StatusCode::OK {
        call.end(code_of_http(response.status()), None);
    }
    response.map(|inner| TracedBody { inner, call: Some(call) })
}

/// What gRPC clients make of an answer that is not gRPC (gRPC over HTTP/2, HTTP to gRPC status mapping), but a refused
/// method or media type is the caller's mistake.
fn code_of_http(status: StatusCode) -> Code {
    match status.as_u16() {
        405 | 415 => Code::InvalidArgument,
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

pin_project! {
    /// A response body that ends the call with its trailers, or as cancelled when dropped before them.
    #[derive(Debug)]
    pub struct TracedBody<B> {
        #[pin]
        inner: B,
        call: Option<Call>,
    }
}

impl<B: Body> Body for TracedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(call) = this.call else {
            return this.inner.poll_frame(context);
        };
        let frame = {
            let _entered = call.span().enter();
            ready!(this.inner.poll_frame(context))
        };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref()
                    && !call.end_by(trailers)
                {
                    call.end(Code::Unknown, None);
                }
            }
            // A broken body has no status: the connection went, or the message could not be written.
            Some(Err(_)) => call.end(Code::Unavailable, None),
            None => call.end(Code::Unknown, None),
        }
        if frame.as_ref().is_none_or(|frame| frame.as_ref().map_or(true, Frame::is_trailers)) {
            this.call.take();
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
