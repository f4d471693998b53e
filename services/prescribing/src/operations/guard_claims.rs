//! What allocation asks before it closes a consultation, and tells when a claim is over.

use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

use crate::{domain::Openness, storage::prescriptions};

/// Asks to seal the epoch of a consultation.
#[derive(Debug)]
pub struct Seal {
    /// The consultation.
    pub consultation: Uuid,
    /// The epoch.
    pub epoch: i64,
    /// Whether prescriptions that only wait for a signature are told apart.
    pub pending_signature: PendingSignature,
}

/// How prescriptions count that only wait for a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingSignature {
    /// As not issued.
    NotIssued,
    /// As not signed, which allocation may accept.
    NotSigned,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Nothing was sealed: these are still to be done, by resource name and kind.
    Open(Vec<(String, &'static str)>),
    /// Sealed; these were issued, by resource name and version.
    Closed(Vec<(String, i64)>),
    /// A higher epoch is known: the claim is over.
    Superseded,
}

impl Work for Seal {
    const NAME: &'static str = "seal_claim";
    type Output = Sealed;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Sealed, StorageError> {
        if !ehub_fence::lock_for_seal(tx, self.consultation, self.epoch).await? {
            return Ok(Sealed::Superseded);
        }
        let standing = prescriptions::standing(tx, self.consultation).await?;
        let mut open = Vec::new();
        let mut issued = Vec::new();
        for (id, state, version) in standing {
            match state.openness() {
                Openness::Settled if state == crate::domain::State::Issued => issued.push((id.name(), version)),
                Openness::Settled => {}
                Openness::NeedsSignature if self.pending_signature == PendingSignature::NotSigned => {
                    open.push((id.name(), "PRESCRIPTION_NOT_SIGNED"));
                }
                Openness::NeedsSignature | Openness::Open => open.push((id.name(), "PRESCRIPTION_NOT_ISSUED")),
            }
        }
        if !open.is_empty() {
            return Ok(Sealed::Open(open));
        }
        ehub_fence::seal(tx, self.consultation, self.epoch).await?;
        Ok(Sealed::Closed(issued))
    }
}

/// Raises the lowest epoch still accepted, for many consultations.
#[derive(Debug)]
pub struct RaiseFences(pub Vec<(Uuid, i64)>);

impl Work for RaiseFences {
    const NAME: &'static str = "fence_claims";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        ehub_fence::raise(tx, &self.0).await
    }
}
