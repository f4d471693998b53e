//! Lists the agreements of the caller's organisation.

use std::sync::Arc;

use ehub_access::AccessError;
use ehub_postgres::{PageTokens, StorageError, Tx, Work};
use uuid::Uuid;

use crate::{domain::Agreement, storage::agreement};

/// Why nothing is listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's organisation is not known.
    #[error("the caller's access cannot be told")]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error("agreements could not be read")]
    Storage(#[from] StorageError),
}

/// A page to list.
#[derive(Debug, Clone)]
pub struct ListAgreements {
    /// Where it goes on.
    pub after: Option<Uuid>,
    /// How many at most.
    pub page_size: u16,
    /// What the page token is bound to.
    pub arguments: String,
    /// Seals the next page's token.
    pub page_tokens: Arc<PageTokens>,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The agreements.
    pub agreements: Vec<Agreement>,
    /// Empty on the last page.
    pub next: String,
}

impl Work for ListAgreements {
    const NAME: &'static str = "list_agreements";
    type Output = Page;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Page, Error> {
        ehub_access::require_fresh(tx).await?;
        let size = usize::from(self.page_size);
        let mut agreements = agreement::list(tx, self.after, i64::from(self.page_size) + 1).await?;
        let more = agreements.len() > size;
        agreements.truncate(size);
        let last = agreements.last().filter(|_| more);
        let next = last.map_or_else(String::new, |last| self.page_tokens.seal(&self.arguments, &last.id).0);
        Ok(Page { agreements, next })
    }
}
