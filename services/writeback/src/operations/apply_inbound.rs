//! What came into the mailbox: kept as it came, then applied to the document it is about.

use ehub_postgres::{StorageError, Tx, Work};
use ehub_telemetry::{job_span, record_consultation};
use tracing::Instrument as _;

use super::learn::{Learnt, learn};
pub use crate::storage::{inbound::Landed, outbound::Key};
use crate::{
    domain::Fact,
    storage::{inbound, outbound},
};

/// Keeps a message before MESH is told that we have it.
#[derive(Debug, Clone)]
pub struct Land(pub Landed);

impl Work for Land {
    const NAME: &'static str = "land_message";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        inbound::land(tx, &self.0).await
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Something about one of our documents.
    About(Key, Fact),
    /// Nothing that matters to a document, such as a report of success.
    Ignored,
    /// It cannot be read.
    Unreadable,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Nothing was waiting.
    Nothing,
    /// It told us something.
    New,
    /// It told us what we knew.
    Repeated,
    /// It is about none of our documents.
    Unmatched,
    /// It says nothing about a document.
    Ignored,
    /// It cannot be read.
    Unreadable,
}

impl Applied {
    /// The word it is kept under, and counted by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "NOTHING",
            Self::New => "APPLIED",
            Self::Repeated => "REPEATED",
            Self::Unmatched => "UNMATCHED",
            Self::Ignored => "IGNORED",
            Self::Unreadable => "UNREADABLE",
        }
    }
}

/// Applies the oldest message that waits.
#[derive(Debug, Clone, Copy)]
pub struct ApplyNext {
    /// Reads a message.
    pub read: fn(&Landed) -> Finding,
}

impl Work for ApplyNext {
    const NAME: &'static str = "apply_inbound";
    type Output = Applied;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Applied, StorageError> {
        let Some(landed) = inbound::next(tx).await? else { return Ok(Applied::Nothing) };
        let span = job_span("apply_acknowledgement", None);
        tx.continues(&span, None);
        self.apply(tx, landed).instrument(span).await
    }
}

impl ApplyNext {
    async fn apply(&self, tx: &mut Tx, landed: Landed) -> Result<Applied, StorageError> {
        let applied = match (self.read)(&landed) {
            Finding::Ignored => Applied::Ignored,
            Finding::Unreadable => Applied::Unreadable,
            Finding::About(key, fact) => match outbound::lock(tx, &key).await? {
                None => Applied::Unmatched,
                Some(tracked) => {
                    record_consultation(tracked.consultation);
                    match learn(tx, tracked, &[fact]).await? {
                        Learnt::New => Applied::New,
                        Learnt::Known => Applied::Repeated,
                    }
                }
            },
        };
        inbound::done(tx, &landed.mesh_id, applied.as_str()).await?;
        Ok(applied)
    }
}
