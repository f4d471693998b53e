//! Reads the document of an entry: the PDF a clinician reads, or the message it travels in.

use std::sync::Arc;

use ehub_access::AccessError;
use ehub_auth::Caller;
use ehub_identifiers::{EntryId, OdsCode};
use ehub_itk3::extract_pdf;
use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::{entry, outbound};

/// Why a document is not shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's access cannot be told.
    #[error("the caller's access cannot be told")]
    Access(#[from] AccessError),
    /// Not there, or not the caller's: the same answer.
    #[error("there is no such entry")]
    NotFound,
    /// Nothing has been made to be sent yet.
    #[error("the entry has no document yet")]
    NotMade,
    /// A message of ours without a PDF: a bug.
    #[error("a stored document holds no PDF")]
    WithoutPdf,
    /// Storage failed.
    #[error("the document could not be read")]
    Storage(#[from] StorageError),
}

/// Bytes as they are stored.
pub struct Content(pub Vec<u8>);

// They hold what patients wrote.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("bytes", &self.0.len()).finish()
    }
}

/// The document to read.
#[derive(Debug, Clone)]
pub struct GetDocument {
    /// Its entry.
    pub entry: EntryId,
    /// The message as stored rather than the PDF.
    pub message: bool,
    /// Who asks.
    pub caller: Arc<Caller>,
}

impl Work for GetDocument {
    const NAME: &'static str = "get_document";
    type Output = Content;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Content, Error> {
        ehub_access::require_fresh(tx).await?;
        let entry = entry::get(tx, self.entry.uuid()).await?.ok_or(Error::NotFound)?;
        let practice = OdsCode::parse(&entry.practice_ods).map_err(|_| Error::NotFound)?;
        if !self.caller.token_admits_practice(&practice) {
            return Err(Error::NotFound);
        }
        tx.concerns(entry.consultation);
        tx.about(self.entry.name());
        tx.on_behalf_of(&entry.practice_ods);
        let body = outbound::body_of(tx, self.entry.uuid()).await?.ok_or(Error::NotMade)?;
        Ok(Content(if self.message { body } else { extract_pdf(&body).ok_or(Error::WithoutPdf)? }))
    }
}
