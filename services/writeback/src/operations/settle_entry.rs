//! Settles an entry that needs attention: what a person did instead.

use std::sync::Arc;

use ehub_access::AccessError;
use ehub_auth::Caller;
use ehub_identifiers::{EntryId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};

use super::moving::MOVES;
use crate::{
    domain::{EntryEvent, SettleAction, Standing, State},
    storage::entry,
};

/// Why it is not settled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's access cannot be told.
    #[error("the caller may not settle it")]
    Access(#[from] AccessError),
    /// Not there, or not the caller's: the same answer.
    #[error("there is no such entry")]
    NotFound,
    /// It does not wait for a person.
    #[error("the entry does not wait for a person")]
    NotWaiting,
    /// Storage failed.
    #[error("the entry could not be settled")]
    Storage(#[from] StorageError),
}

/// What was done.
#[derive(Clone)]
pub struct SettleEntry {
    /// The entry.
    pub entry: EntryId,
    /// What was done.
    pub action: SettleAction,
    /// In the person's words.
    pub note: String,
    /// Who.
    pub caller: Arc<Caller>,
}

/// The note may name the patient.
impl std::fmt::Debug for SettleEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SettleEntry").field("entry", &self.entry).field("action", &self.action).finish_non_exhaustive()
    }
}

impl Work for SettleEntry {
    const NAME: &'static str = "settle_entry";
    type Output = Standing;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Standing, Error> {
        ehub_access::require_fresh(tx).await?;
        let id = self.entry.uuid();
        let known = entry::lock(tx, id).await?.ok_or(Error::NotFound)?;
        let practice = OdsCode::parse(&known.practice_ods).map_err(|_| Error::NotFound)?;
        if !self.caller.token_admits_practice(&practice) {
            return Err(Error::NotFound);
        }
        tx.concerns(known.consultation);
        tx.about(self.entry.name());
        tx.on_behalf_of(&known.practice_ods);
        if !known.standing.state.waits_for_a_person() {
            return Err(Error::NotWaiting);
        }
        entry::settle(tx, id, known.standing.state, (&self.caller.subject, self.action, &self.note)).await?;
        let standing = Standing::plain(State::Settled);
        let moved = EntryEvent::Moved { entry: id, consultation: known.consultation, standing: standing.clone() };
        tx.tally(&MOVES, &[("ehub.state", State::Settled.as_str())]);
        tx.raise(moved);
        Ok(standing)
    }
}
