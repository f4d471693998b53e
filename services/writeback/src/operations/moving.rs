//! Every change of an entry's state, with the event that says so.

use ehub_postgres::{StorageError, Tx};
use ehub_telemetry::metrics::{Counter, counter};
use uuid::Uuid;

use crate::{
    domain::{EntryEvent, Standing, State},
    storage,
};

/// Entries that came into a state, by state.
pub(super) static MOVES: Counter =
    counter("ehub.writeback.moves", "{entry}", "Entries that came into a state, by state.");

/// Moves an entry from the state it is expected in and makes it known.
pub(super) async fn advance(
    tx: &mut Tx,
    (entry, consultation): (Uuid, Uuid),
    expected: State,
    to: Standing,
) -> Result<(), StorageError> {
    storage::entry::advance(tx, entry, expected, &to).await?;
    tx.tally(&MOVES, &[("ehub.state", to.state.as_str())]);
    tx.raise(EntryEvent::Moved { entry, consultation, standing: to });
    Ok(())
}
