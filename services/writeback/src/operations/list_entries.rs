//! Lists entries without content, newest first.

use std::sync::Arc;

use ehub_access::AccessError;
use ehub_postgres::{PageTokens, StorageError, Tx, Work};

pub use crate::storage::entry::Filter;
use crate::{domain::Entry, storage::entry};

/// Why nothing is listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's access cannot be told.
    #[error("the caller's access cannot be told")]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error("entries could not be read")]
    Storage(#[from] StorageError),
}

/// A page to list.
#[derive(Debug, Clone)]
pub struct ListEntries {
    /// What it is narrowed to, and where it goes on.
    pub filter: Filter,
    /// How many at most.
    pub page_size: u16,
    /// What the page token is bound to: method, caller and filters.
    pub arguments: String,
    /// Seals the next page's token.
    pub page_tokens: Arc<PageTokens>,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Empty on the last page.
    pub next: String,
}

impl Work for ListEntries {
    const NAME: &'static str = "list_entries";
    type Output = Page;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Page, Error> {
        ehub_access::require_fresh(tx).await?;
        let size = usize::from(self.page_size);
        let mut entries = entry::list(tx, &self.filter, i64::from(self.page_size) + 1).await?;
        let more = entries.len() > size;
        entries.truncate(size);
        let next = entries.last().filter(|_| more).map_or_else(String::new, |last| {
            // Microseconds, as PostgreSQL keeps them.
            let at = last.filed_at.unix_timestamp_nanos() / 1_000;
            self.page_tokens.seal(&self.arguments, &(i64::try_from(at).unwrap_or(0), last.id)).0
        });
        for entry in &entries {
            tx.concerns(entry.consultation);
        }
        Ok(Page { entries, next })
    }
}
