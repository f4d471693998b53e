//! One attempt to send a stored document: counted before it is made, recorded after.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

use super::learn::learn;
pub use crate::storage::outbound::Attempt;
use crate::{
    domain::Fact,
    storage::outbound::{self, Key},
};

/// Takes a document whose time to be sent has come.
#[derive(Debug, Clone, Copy)]
pub struct TakeAttempt {
    /// How long an ambiguous attempt rests before the identical bytes are sent again.
    pub resend_after: Duration,
}

impl Work for TakeAttempt {
    const NAME: &'static str = "take_attempt";
    type Output = Option<Attempt>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Attempt>, StorageError> {
        outbound::take_attempt(tx, self.resend_after).await
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// MESH has it, under this id.
    Accepted(String),
    /// MESH said no, with its code.
    Refused(String),
    /// It certainly was not accepted; try again after this pause.
    NotSent(Duration),
    /// MESH may have it.
    Ambiguous,
}

/// Records how an attempt ended.
#[derive(Debug, Clone)]
pub struct RecordEnding {
    /// The document.
    pub document: Uuid,
    /// How it ended.
    pub ending: Ending,
}

impl Work for RecordEnding {
    const NAME: &'static str = "record_send";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let missing = StorageError::Inconsistent { table: "writeback.outbound", what: "a missing document" };
        let tracked = outbound::lock(tx, &Key::Id(self.document)).await?.ok_or(missing)?;
        match &self.ending {
            Ending::Accepted(mesh_id) => {
                outbound::name_by_mesh(tx, self.document, mesh_id).await?;
                learn(tx, tracked, &[Fact::Sent]).await?;
            }
            Ending::Refused(code) => {
                learn(tx, tracked, &[Fact::Undelivered(code.clone())]).await?;
            }
            Ending::NotSent(pause) => {
                let again = tx.at() + *pause;
                outbound::not_attempted(tx, self.document, again).await?;
            }
            // It was counted when it was taken, and rests until its next time.
            Ending::Ambiguous => {}
        }
        Ok(())
    }
}
