//! The answer of the service inside, or a refusal that is ready once it is recorded.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::Recording;

pin_project! {
    /// The future of [`AuthService`](super::AuthService).
    pub struct ResponseFuture<F, R> {
        #[pin]
        outcome: Outcome<F, R>,
    }
}

pin_project! {
    #[project = OutcomeProjection]
    enum Outcome<F, R> {
        Admitted { #[pin] inner: F },
        Refused { recording: Option<Recording>, answer: Option<Response<R>> },
    }
}

impl<F, R> ResponseFuture<F, R> {
    pub(crate) fn admitted(inner: F) -> Self {
        Self { outcome: Outcome::Admitted { inner } }
    }

    pub(crate) fn refused(recording: Option<Recording>, answer: Response<R>) -> Self {
        Self { outcome: Outcome::Refused { recording, answer: Some(answer) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().outcome.project() {
            OutcomeProjection::Admitted { inner } => inner.poll(context),
            OutcomeProjection::Refused { recording, answer } => {
                if let Some(work) = recording {
                    if let Err(status) = ready!(work.as_mut().poll(context)) {
                        *answer = Some(status.into_http());
                    }
                    *recording = None;
                }
                Poll::Ready(Ok(answer.take().expect("a future is not polled after it was ready")))
            }
        }
    }
}
