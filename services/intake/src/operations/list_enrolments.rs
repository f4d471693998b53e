//! Lists the enrolments with the caller's organisation.

use std::sync::Arc;

use ehub_postgres::{PageTokens, StorageError, Tx, Work};
use uuid::Uuid;

use crate::{domain::enrolment::Enrolment, storage::enrolment};

/// Whose, and from where on.
#[derive(Debug)]
pub struct ListEnrolments {
    /// The organisation, as hub or practice.
    pub ods: String,
    /// After this one.
    pub after: Option<Uuid>,
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
    /// The enrolments.
    pub enrolments: Vec<Enrolment>,
    /// Where the next begins; empty on the last.
    pub next_page_token: String,
}

/// Why nothing is listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for ListEnrolments {
    const NAME: &'static str = "list_enrolments";
    type Output = Page;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Page, Error> {
        let limit = i64::try_from(self.page_size).unwrap_or_default() + 1;
        let mut enrolments = enrolment::list(tx, &self.ods, self.after, limit).await?;
        let more = enrolments.len() > self.page_size;
        enrolments.truncate(self.page_size);
        let next_page_token = match enrolments.last() {
            Some(last) if more => self.tokens.seal(&self.arguments, &last.id.uuid()).0,
            _ => String::new(),
        };
        Ok(Page { enrolments, next_page_token })
    }
}
