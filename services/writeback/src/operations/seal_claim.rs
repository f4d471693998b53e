//! Seals a claim at completion, or says what is still to be done.

use ehub_fence::FenceError;
use ehub_identifiers::{ConsultationId, EntryId};
use ehub_postgres::{Tx, Work};

use crate::storage::entry;

/// What kind of outcome a consultation is completed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeKind {
    /// It needs an accepted entry.
    Clinical,
    /// It needs none.
    Other,
}

/// A claim to seal.
#[derive(Debug, Clone)]
pub struct SealClaim {
    /// The consultation.
    pub consultation: ConsultationId,
    /// The epoch.
    pub epoch: i64,
    /// What it is completed with.
    pub outcome: OutcomeKind,
}

/// What sealing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealed {
    /// A clinical outcome needs an entry and there is none; nothing was sealed.
    EntryMissing,
    /// Sealed, with what exists.
    Items(Vec<(EntryId, i64)>),
}

impl Work for SealClaim {
    const NAME: &'static str = "seal_claim";
    type Output = Sealed;
    type Error = FenceError;

    async fn run(&self, tx: &mut Tx) -> Result<Sealed, FenceError> {
        let consultation = self.consultation.uuid();
        if !ehub_fence::lock_for_seal(tx, consultation, self.epoch).await? {
            return Err(FenceError::Superseded);
        }
        let entries = entry::of_epoch(tx, consultation, self.epoch).await?;
        if self.outcome == OutcomeKind::Clinical && entries.is_empty() {
            return Ok(Sealed::EntryMissing);
        }
        ehub_fence::seal(tx, consultation, self.epoch).await?;
        Ok(Sealed::Items(entries.into_iter().map(|(id, version)| (EntryId::new(id), version)).collect()))
    }
}
