//! Lists what the caller's hub has in quarantine.

use std::sync::Arc;

use ehub_access::{AccessError, require_fresh};
use ehub_postgres::{PageTokens, StorageError, Tx, Work};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::storage::quarantine::{self, Listed, Quarantined};

/// Whose, and from where on.
#[derive(Debug)]
pub struct ListQuarantined {
    /// The owner.
    pub owner_ods: String,
    /// Whether settled ones are listed.
    pub listed: Listed,
    /// After this deadline and id.
    pub after: Option<(OffsetDateTime, Uuid)>,
    /// How many.
    pub page_size: usize,
    /// Seals the next page's token.
    pub tokens: Arc<PageTokens>,
    /// What the token is bound to.
    pub arguments: String,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The messages.
    pub quarantined: Vec<Quarantined>,
    /// Where the next begins; empty on the last.
    pub next_page_token: String,
}

/// Why nothing is listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Access is unknown or stale.
    #[error("access could not be judged")]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for ListQuarantined {
    const NAME: &'static str = "list_quarantined";
    type Output = Page;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Page, Error> {
        require_fresh(tx).await?;
        let limit = i64::try_from(self.page_size).unwrap_or_default() + 1;
        let mut found = quarantine::list(tx, &self.owner_ods, self.listed, self.after, limit).await?;
        let more = found.len() > self.page_size;
        found.truncate(self.page_size);
        let next_page_token = match found.last() {
            Some(last) if more => {
                let micros = i64::try_from(last.deadline.unix_timestamp_nanos() / 1_000).unwrap_or_default();
                self.tokens.seal(&self.arguments, &(micros, last.id)).0
            }
            _ => String::new(),
        };
        Ok(Page { quarantined: found, next_page_token })
    }
}
