//! The answer of the service inside, or a refusal that is ready at once.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;

pin_project! {
    /// The future of [`AuthService`](super::AuthService).
    #[derive(Debug)]
    pub struct ResponseFuture<F, R> {
        #[pin]
        outcome: Outcome<F, R>,
    }
}

pin_project! {
    #[project = OutcomeProjection]
    #[derive(Debug)]
    enum Outcome<F, R> {
        Admitted { #[pin] inner: F },
        Refused { answer: Option<Response<R>> },
    }
}

impl<F, R> ResponseFuture<F, R> {
    pub(crate) fn admitted(inner: F) -> Self {
        Self { outcome: Outcome::Admitted { inner } }
    }

    pub(crate) fn refused(answer: Response<R>) -> Self {
        Self { outcome: Outcome::Refused { answer: Some(answer) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().outcome.project() {
            OutcomeProjection::Admitted { inner } => inner.poll(context),
            OutcomeProjection::Refused { answer } => {
                Poll::Ready(Ok(answer.take().expect("a future is not polled after it was ready")))
            }
        }
    }
}
