//! From an entry that is ready to a stored document, in steps that leave room for the trace between.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

use super::moving;
pub use crate::storage::document::{NewDocument, Unsent};
use crate::{
    domain::{Entry, Medicine, Standing, State, reason},
    storage::{agreement, document, entry, medicine},
};

/// Whether entries of test patients are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestPatients {
    /// In development.
    Sent,
    /// Live.
    Held,
}

/// Takes the next entry whose document is to be made.
#[derive(Debug, Clone, Copy)]
pub struct TakeUnsent {
    /// How long nobody else looks at it: also the pause before it is tried again.
    pub lease: Duration,
    /// Whether entries of test patients are sent.
    pub test_patients: TestPatients,
}

/// Everything a document is made of, but the patient.
#[derive(Debug, Clone)]
pub struct Material {
    /// The entry's row.
    pub unsent: Unsent,
    /// The entry with its content.
    pub entry: Entry,
    /// The practice's mailbox.
    pub mailbox: String,
    /// Medicines issued.
    pub medicines: Vec<Medicine>,
    /// Prescriptions that have no outcome yet: then the document is an interim one.
    pub open_prescriptions: usize,
}

/// What was taken.
#[derive(Debug)]
pub enum Taken {
    /// Nothing is due.
    Nothing,
    /// One that cannot go; it waits for a person now.
    Held,
    /// One to make a document of.
    Material(Box<Material>),
}

impl Work for TakeUnsent {
    const NAME: &'static str = "take_unsent";
    type Output = Taken;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Taken, StorageError> {
        let Some(unsent) = document::take_unsent(tx, self.lease).await? else { return Ok(Taken::Nothing) };
        let mailbox = agreement::mailbox_today(tx, unsent.author_org, unsent.practice).await?;
        let why = match &mailbox {
            _ if unsent.restricted => Some(reason::RESTRICTED),
            _ if unsent.test_patient && self.test_patients == TestPatients::Held => Some(reason::TEST_PATIENT),
            None => Some(reason::NO_AGREEMENT),
            Some(_) => None,
        };
        let (None, Some(mailbox)) = (why, mailbox) else {
            let why = why.unwrap_or(reason::NO_AGREEMENT);
            moving::advance(tx, (unsent.id, unsent.consultation), State::Ready, Standing::attention(why)).await?;
            return Ok(Taken::Held);
        };
        let missing = StorageError::Inconsistent { table: "writeback.entry_version", what: "a missing version" };
        let entry = entry::get(tx, unsent.id).await?.ok_or(missing)?;
        let epoch = unsent.completed_epoch.unwrap_or_default();
        let (medicines, open_prescriptions) = medicine::of_manifest(tx, unsent.consultation, epoch).await?;
        Ok(Taken::Material(Box::new(Material { unsent, entry, mailbox, medicines, open_prescriptions })))
    }
}

/// Calls a person to an entry that cannot go.
#[derive(Debug, Clone)]
pub struct CallToAttention {
    /// The entry.
    pub entry: Uuid,
    /// The version that was looked at.
    pub version: i64,
    /// Why.
    pub reason: &'static str,
}

impl Work for CallToAttention {
    const NAME: &'static str = "call_to_attention";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let Some(known) = entry::lock(tx, self.entry).await? else { return Ok(()) };
        // Replaced meanwhile: what was found out is looked at again for the new version.
        if known.standing.state != State::Ready || known.version != self.version {
            return Ok(());
        }
        moving::advance(tx, (self.entry, known.consultation), State::Ready, Standing::attention(self.reason)).await
    }
}

/// Stores a document before its first send.
#[derive(Debug, Clone)]
pub struct StoreDocument {
    /// The entry.
    pub entry: Uuid,
    /// The version it was made from.
    pub version: i64,
    /// The document.
    pub document: NewDocument,
}

impl Work for StoreDocument {
    const NAME: &'static str = "store_document";
    /// Whether the entry still was what the document was made from.
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StorageError> {
        document::store(tx, self.entry, self.version, &self.document).await
    }
}
