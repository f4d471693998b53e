//! Takes a page that is due, and records that it was taken.

use ehub_postgres::{StorageError, Tx, Work};
use time::Duration;
use uuid::Uuid;

use crate::storage::page::{self, Page};

/// Takes the next page that is due.
#[derive(Debug)]
pub struct TakePage {
    /// How long until it is tried again.
    pub retry: Duration,
}

impl Work for TakePage {
    const NAME: &'static str = "take_page";
    type Output = Option<Page>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Page>, StorageError> {
        page::take(tx, self.retry).await
    }
}

/// Records that the duty contact took a page.
#[derive(Debug)]
pub struct RecordPaged(pub Uuid);

impl Work for RecordPaged {
    const NAME: &'static str = "record_paged";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        page::sent(tx, self.0).await
    }
}
