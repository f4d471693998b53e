//! Every change of an entry's state, with the event that says so.

use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

use crate::{
    domain::{EntryEvent, Standing, State},
    storage,
};

/// Moves an entry from the state it is expected in and makes it known.
pub(super) async fn advance(
    tx: &mut Tx,
    (entry, consultation): (Uuid, Uuid),
    expected: State,
    to: Standing,
) -> Result<(), StorageError> {
    storage::entry::advance(tx, entry, expected, &to).await?;
    tx.raise(EntryEvent::Moved { entry, consultation, standing: to });
    Ok(())
}
