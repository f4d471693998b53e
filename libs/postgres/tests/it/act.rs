//! A unit of work from a closure.

use std::{error::Error, marker::PhantomData};

use ehub_postgres::{StorageError, Tx, Work};
use futures_util::future::BoxFuture;

/// A unit of work that does what a closure does, each time it is run.
pub struct Act<F, T, E>(F, PhantomData<fn() -> (T, E)>);

/// Makes one: `act(|tx| Box::pin(async move { … }))`.
pub fn act<F, T, E>(work: F) -> Act<F, T, E>
where
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync,
{
    Act(work, PhantomData)
}

impl<F, T, E> Work for Act<F, T, E>
where
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StorageError> + Error + Send + Sync + 'static,
{
    const NAME: &'static str = "act";
    type Output = T;
    type Error = E;

    async fn run(&self, tx: &mut Tx) -> Result<T, E> {
        (self.0)(tx).await
    }
}
