//! PreparePrescription: a digest from EPS to sign, under the claim of the consultation.
//!
//! Two transactions with EPS in between: whether it may be prepared, and what EPS gave. Asking EPS
//! for a digest has no effect there, so a lost answer is asked for again.

use std::sync::Arc;

use ehub_auth::{Caller, GrantPresented};
use ehub_fhir::PrepareResponse;
use ehub_identifiers::PrescriptionId;
use ehub_postgres::{IdempotencyKey, StorageError, Tx, Work};

use super::admit::{self, Denied};
use crate::{
    domain::{CostCentre, Membership, Moved, Prescription, State, Step},
    events,
    storage::prescriptions::{self, Lock, Preparation},
};

/// Which prescription, by whom.
#[derive(Debug, Clone)]
pub struct Prepare {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The grant presented.
    pub grant: GrantPresented,
    /// Which.
    pub prescription: PrescriptionId,
    /// The version seen last.
    pub etag: String,
}

/// What an order is made of, but for the patient.
#[derive(Debug)]
pub struct ToPrepare {
    /// The prescription.
    pub prescription: Prescription,
    /// What it is charged to.
    pub cost_centre: CostCentre,
    /// Who prescribes.
    pub prescriber: Membership,
}

impl Prepare {
    async fn admit(&self, tx: &mut Tx) -> Result<ToPrepare, Denied> {
        // It is found first, because the grant must be for its consultation; and only by whom it concerns, so that what
        // is lacking is never said of a prescription that is not the caller's.
        let found = admit::own(tx, &self.caller, self.prescription, Lock::No).await?;
        admit::under_claim(tx, &self.grant, found.consultation).await?;
        let prescription = admit::to_act_on(tx, &self.caller, self.prescription, &self.etag).await?;
        admit::step(&prescription, Step::Prepare)?;
        let (cost_centre, prescriber) =
            admit::membership_today(tx, &prescription.cost_centre, &prescription.prescriber).await?;
        Ok(ToPrepare { prescription, cost_centre, prescriber })
    }
}

/// Asks whether it may be prepared; nothing when the intent was answered before.
#[derive(Debug)]
pub struct CheckPrepare<'a> {
    /// Which.
    pub prepare: &'a Prepare,
    /// The intent.
    pub key: IdempotencyKey,
}

impl Work for CheckPrepare<'_> {
    const NAME: &'static str = "check_prepare_prescription";
    type Output = Option<ToPrepare>;
    type Error = Denied;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, Denied> {
        if admit::answered_before(tx, &self.key).await? {
            return Ok(None);
        }
        self.prepare.admit(tx).await.map(Some)
    }
}

/// What EPS was sent and gave.
#[derive(Debug)]
pub struct Given {
    /// The bytes sent.
    pub order: Vec<u8>,
    /// The digest.
    pub answer: PrepareResponse,
}

/// Why what EPS gave is not kept.
#[derive(Debug, thiserror::Error)]
pub enum PrepareRefused {
    /// As for every act.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Nothing was given: only a replay can succeed without, and that never gets here.
    #[error("EPS gave nothing")]
    NothingGiven,
}

impl From<StorageError> for PrepareRefused {
    fn from(error: StorageError) -> Self {
        Self::Denied(Denied::Storage(error))
    }
}

/// Keeps what EPS gave.
#[derive(Debug)]
pub struct StorePrepared {
    /// Which.
    pub prepare: Prepare,
    /// What EPS gave.
    pub given: Option<Given>,
}

/// A digest to sign.
#[derive(Debug)]
pub struct Prepared {
    /// Base64 of the canonical `SignedInfo`.
    pub digest: String,
    /// Its time.
    pub timestamp: String,
    /// The algorithm.
    pub algorithm: String,
    /// The mark of the new version.
    pub etag: String,
}

impl Work for StorePrepared {
    const NAME: &'static str = "prepare_prescription";
    type Output = Prepared;
    type Error = PrepareRefused;

    async fn run(&self, tx: &mut Tx) -> Result<Prepared, PrepareRefused> {
        let mut prescription = self.prepare.admit(tx).await?.prescription;
        let given = self.given.as_ref().ok_or(PrepareRefused::NothingGiven)?;
        let digest = given.answer.digest();
        let preparation = Preparation {
            order: &given.order,
            digest: &digest,
            timestamp: &given.answer.timestamp,
            algorithm: &given.answer.algorithm,
        };
        prescriptions::prepared(tx, &prescription, &preparation).await?;
        prescription.version += 1;
        events::raise(tx, Moved::to(State::Prepared, &prescription));
        Ok(Prepared {
            etag: prescription.etag(),
            timestamp: given.answer.timestamp.clone(),
            algorithm: given.answer.algorithm.clone(),
            digest,
        })
    }
}
