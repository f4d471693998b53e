//! Stores what arrived by MESH, whole, before MESH is told.

use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::landed::{self, Arrival};

/// What wakes whoever reads messages.
pub const LANDED: &str = "landed message";

/// A message to store.
#[derive(Debug)]
pub struct LandMessage(pub Arrival);

impl Work for LandMessage {
    const NAME: &'static str = "land_message";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        tx.leaves(LANDED);
        landed::store(tx, &self.0).await
    }
}

/// Whether a message was stored before and only its acknowledgement to MESH was lost.
#[derive(Debug)]
pub struct HasLanded<'a> {
    /// Our mailbox.
    pub mailbox: &'a str,
    /// MESH's id.
    pub mesh_id: &'a str,
}

impl Work for HasLanded<'_> {
    const NAME: &'static str = "has_landed";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StorageError> {
        landed::is_stored(tx, self.mailbox, self.mesh_id).await
    }
}
