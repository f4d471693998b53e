//! Reads one entry with its content.

use std::sync::Arc;

use ehub_access::AccessError;
use ehub_auth::Caller;
use ehub_identifiers::{EntryId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};

use crate::{domain::Entry, storage::entry};

/// Why an entry is not shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's access cannot be told.
    #[error("the caller's access cannot be told")]
    Access(#[from] AccessError),
    /// Not there, or not the caller's: the same answer.
    #[error("there is no such entry")]
    NotFound,
    /// Storage failed.
    #[error("the entry could not be read")]
    Storage(#[from] StorageError),
}

/// The entry to read.
#[derive(Debug, Clone)]
pub struct GetEntry {
    /// Its id.
    pub entry: EntryId,
    /// Who asks.
    pub caller: Arc<Caller>,
}

impl Work for GetEntry {
    const NAME: &'static str = "get_entry";
    type Output = Entry;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Entry, Error> {
        ehub_access::require_fresh(tx).await?;
        let entry = entry::get(tx, self.entry.uuid()).await?.ok_or(Error::NotFound)?;
        let practice = OdsCode::parse(&entry.practice_ods).map_err(|_| Error::NotFound)?;
        if !self.caller.token_admits_practice(&practice) {
            return Err(Error::NotFound);
        }
        tx.concerns(entry.consultation);
        tx.about(self.entry.name());
        tx.on_behalf_of(&entry.practice_ods);
        Ok(entry)
    }
}
