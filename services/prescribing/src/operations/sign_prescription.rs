//! SignPrescription: the prescriber's own act. Needs no claim: the signature over the digest is
//! the authority.

use std::sync::Arc;

use ehub_auth::Caller;
use ehub_identifiers::{PrescriptionId, Sctid};
use ehub_postgres::{StorageError, Tx, Work};

use super::admit::{self, Denied};
use crate::{
    domain::{Moved, Prescription, RecordSeen, Step},
    events,
    signature::{Authorities, SignatureRefused, verify},
    storage::prescriptions,
};

/// Why it is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// As for every act.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The signature is none over the digest.
    #[error("the signature is not accepted")]
    Signature(#[source] SignatureRefused),
    /// No record was seen, and it must have been.
    #[error("the record must be seen before this is signed")]
    RecordNotSeen,
}

impl From<StorageError> for SignError {
    fn from(error: StorageError) -> Self {
        Self::Denied(Denied::Storage(error))
    }
}

/// A signature.
pub struct Sign {
    /// Who signs.
    pub caller: Arc<Caller>,
    /// What.
    pub prescription: PrescriptionId,
    /// The version seen last.
    pub etag: String,
    /// Base64 of the XML Signature.
    pub signature: String,
    /// The record seen before.
    pub seen: Option<RecordSeen>,
    /// What holds for every signature.
    pub rules: SigningRules,
}

/// What a deployer says about signatures.
#[derive(Debug, Clone)]
pub struct SigningRules {
    /// Medicines that need a record seen, beside controlled drugs.
    pub high_risk: Arc<[Sctid]>,
    /// Whose certificates are prescribers'.
    pub authorities: Arc<Authorities>,
}

impl Work for Sign {
    const NAME: &'static str = "sign_prescription";
    type Output = Prescription;
    type Error = SignError;

    async fn run(&self, tx: &mut Tx) -> Result<Prescription, SignError> {
        let mut prescription = admit::to_act_on(tx, &self.caller, self.prescription, &self.etag).await?;
        if prescription.prescriber != self.caller.subject {
            return Err(Denied::NotThePrescriber.into());
        }
        let next = admit::step(&prescription, Step::Sign)?;
        admit::membership_today(tx, &prescription.cost_centre, &self.caller.subject).await?;
        if self.seen.is_none() && prescription.needs_record(&self.rules.high_risk) {
            return Err(SignError::RecordNotSeen);
        }
        let digest = prescriptions::digest(tx, self.prescription).await?.ok_or(StorageError::Inconsistent {
            table: "prescribing.prescription",
            what: "PREPARED without a digest",
        })?;
        verify(&self.signature, &digest, &self.rules.authorities, tx.at()).map_err(SignError::Signature)?;
        prescriptions::signed(tx, &prescription, &self.signature, self.seen).await?;
        prescription.state = next;
        prescription.version += 1;
        prescription.signed_at = Some(tx.at());
        events::raise(tx, Moved::to(next, &prescription));
        Ok(prescription)
    }
}
