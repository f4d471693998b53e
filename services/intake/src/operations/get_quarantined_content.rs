//! Reads a quarantined message as it arrived, or the PDF in it.

use ehub_access::{AccessError, require_fresh};
use ehub_identifiers::QuarantineId;
use ehub_itk3::extract_pdf;
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    domain::codes::Cause,
    storage::{landed, quarantine},
};

/// Which, whose, and what of it.
#[derive(Debug)]
pub struct GetQuarantinedContent {
    /// The quarantined message.
    pub id: QuarantineId,
    /// The owner.
    pub owner_ods: String,
    /// The PDF rather than the whole message.
    pub pdf: bool,
}

/// Bytes as they are stored.
pub struct Content(pub Vec<u8>);

// They hold what patients wrote.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("bytes", &self.0.len()).finish()
    }
}

/// Why it is not given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or another hub's.
    #[error("no such quarantined message of this hub")]
    NotFound,
    /// Its bytes are gone.
    #[error("the bytes of the quarantined message were deleted")]
    Forgotten,
    /// It was left at MESH.
    #[error("the quarantined message is larger than the hub takes")]
    LeftAtMesh,
    /// There is none.
    #[error("the quarantined message holds no PDF")]
    NoPdf,
    /// Access is unknown or stale.
    #[error("access could not be judged")]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for GetQuarantinedContent {
    const NAME: &'static str = "get_quarantined_content";
    type Output = Content;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Content, Error> {
        require_fresh(tx).await?;
        let found = quarantine::get(tx, &self.owner_ods, self.id.uuid()).await?.ok_or(Error::NotFound)?;
        let body = landed::body(tx, found.landed).await?.ok_or(Error::NotFound)?;
        if body.is_empty() {
            if found.cause == Cause::TooLarge && found.settle_time.is_none() {
                return Err(Error::LeftAtMesh);
            }
            if found.size_bytes > 0 || found.cause == Cause::TooLarge {
                return Err(Error::Forgotten);
            }
        }
        let content = if self.pdf { extract_pdf(&body).ok_or(Error::NoPdf)? } else { body };
        tx.about(self.id.name());
        if let Some(consultation) = found.consultation {
            tx.concerns(consultation);
        }
        Ok(Content(content))
    }
}
