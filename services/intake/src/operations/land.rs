//! Stores what arrived by MESH, whole, before MESH is told.

use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::landed::{self, Arrival, Known};

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

/// Whether a message was stored before and only its acknowledgement to MESH was lost, or was left at MESH.
#[derive(Debug)]
pub struct KnownMessage<'a> {
    /// Our mailbox.
    pub mailbox: &'a str,
    /// MESH's id.
    pub mesh_id: &'a str,
}

impl Work for KnownMessage<'_> {
    const NAME: &'static str = "known_message";
    type Output = Known;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Known, StorageError> {
        landed::known(tx, self.mailbox, self.mesh_id).await
    }
}
