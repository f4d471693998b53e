//! Lists consultations without their content.

use std::sync::Arc;

use ehub_access::{AccessError, require_fresh};
use ehub_auth::{Caller, Kind};
use ehub_postgres::{PageTokens, StorageError, Tx, Work};

use crate::storage::summary::{self, Filter, Summary};

/// What is listed, for whom. The filter's limit is the page size.
#[derive(Debug)]
pub struct ListConsultations {
    /// For whom.
    pub caller: Arc<Caller>,
    /// Which.
    pub filter: Filter,
    /// Seals the next page's token.
    pub tokens: Arc<PageTokens>,
    /// What the token is bound to.
    pub arguments: String,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The consultations.
    pub consultations: Vec<Summary>,
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

impl Work for ListConsultations {
    const NAME: &'static str = "list_consultations";
    type Output = Page;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Page, Error> {
        if self.caller.kind == Kind::Person {
            require_fresh(tx).await?;
        }
        let wanted = usize::try_from(self.filter.limit).unwrap_or_default();
        let filter = Filter { limit: self.filter.limit + 1, ..self.filter.clone() };
        let mut consultations = summary::list(tx, &filter).await?;
        let more = consultations.len() > wanted;
        consultations.truncate(wanted);
        let next_page_token = match consultations.last() {
            Some(last) if more => {
                let micros = last.accept_time.unix_timestamp_nanos() / 1_000;
                self.tokens.seal(&self.arguments, &(i64::try_from(micros).unwrap_or_default(), last.id)).0
            }
            _ => String::new(),
        };
        for listed in &consultations {
            tx.concerns(listed.id);
        }
        if let Some(practice) = &self.filter.practice_ods {
            tx.on_behalf_of(practice.as_str());
        }
        Ok(Page { consultations, next_page_token })
    }
}
