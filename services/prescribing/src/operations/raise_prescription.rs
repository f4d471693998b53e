//! RaisePrescription: an acute prescription, under the claim of its consultation.

use std::{sync::Arc, time::Duration};

use ehub_access::known_practice;
use ehub_auth::{Caller, GrantPresented};
use ehub_identifiers::{ConsultationId, EpsShortId, OdsCode, OrganisationId, PrescriptionId};
use ehub_postgres::{IdempotencyKey, StorageError, Tx, Work};

use super::admit::{self, Denied};
use crate::{
    domain::{Consultation, Item, Moved, Prescription, State},
    events,
    patient_key::PatientHash,
    storage::{consultations, cost_centres, prescriptions},
};

/// How long an issue counts as recent.
pub const RECENT: Duration = Duration::from_secs(28 * 24 * 60 * 60);

/// Why it is refused.
#[derive(Debug, thiserror::Error)]
pub enum RaiseError {
    /// As for every act.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The consultation is not known here yet.
    #[error("the consultation is not known here yet")]
    ConsultationUnknown,
    /// The caller's organisation has no such cost centre.
    #[error("there is no such cost centre of the organisation")]
    CostCentreNotFound(OdsCode),
    /// The cost centre is tied to another ICB than the patient's practice.
    #[error("the cost centre is tied to another ICB than the patient's practice")]
    AnotherIcb(OdsCode),
    /// One of the medicines was issued lately, in this prescription.
    #[error("one of the medicines was issued lately")]
    RecentlyIssued(PrescriptionId),
    /// The id belongs to another prescription.
    #[error("the id belongs to another prescription")]
    Exists,
    /// The cost centre does not fit a short id.
    #[error("the cost centre does not fit a short id")]
    ShortId(#[source] ehub_identifiers::Invalid),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[source] StorageError),
}

impl From<StorageError> for RaiseError {
    fn from(error: StorageError) -> Self {
        match error.constraint() {
            Some("prescription_pkey") => Self::Exists,
            _ => Self::Storage(error),
        }
    }
}

/// What is to be raised.
#[derive(Debug, Clone)]
pub struct Raise {
    /// Who raises it, and will sign it.
    pub caller: Arc<Caller>,
    /// The grant presented.
    pub grant: GrantPresented,
    /// The caller's id for it.
    pub prescription: PrescriptionId,
    /// For which consultation.
    pub consultation: ConsultationId,
    /// What it is charged to.
    pub cost_centre: OdsCode,
    /// One to four items.
    pub items: Vec<Item>,
    /// The pharmacy asked for.
    pub pharmacy: Option<OdsCode>,
    /// Why the same medicine may be issued again.
    pub override_recent_issue: Option<String>,
    /// How long it may wait for a signature.
    pub sign_within: Duration,
}

impl Raise {
    /// Whether it may be raised at all; gives the consultation.
    async fn admit(&self, tx: &mut Tx) -> Result<Consultation, RaiseError> {
        tx.about(self.prescription.name());
        let grant = admit::under_claim(tx, &self.grant, self.consultation).await?;
        let Some(consultation) = consultations::find(tx, self.consultation).await? else {
            // Not known here yet, which passes; or out of the caller's reach since it was claimed, which does not.
            admit::to_practice_of(tx, &grant, admit::TO_PRESCRIBE).await?;
            return Err(RaiseError::ConsultationUnknown);
        };
        tx.concerns(consultation.id.uuid());
        admit::to_practice(tx, &self.caller, &consultation.practice_ods, admit::TO_PRESCRIBE).await?;
        if cost_centres::find(tx, &self.cost_centre).await?.is_none() {
            return Err(RaiseError::CostCentreNotFound(self.cost_centre.clone()));
        }
        let (cost_centre, _) = admit::membership_today(tx, &self.cost_centre, &self.caller.subject).await?;
        let practice = known_practice(tx, &consultation.practice_ods).await?;
        // One cost centre is tied to one ICB; what is prescribed for another ICB's patients would
        // be charged to the wrong one, and cannot be corrected later (NHSBSA).
        if practice.and_then(|practice| practice.icb_ods).as_deref() != Some(cost_centre.icb.as_str()) {
            return Err(RaiseError::AnotherIcb(self.cost_centre.clone()));
        }
        Ok(consultation)
    }
}

/// Asks whether it may be raised before the patient is traced for it. Gives whether the intent is
/// new; one that was answered before needs no trace.
#[derive(Debug)]
pub struct CheckRaise<'a> {
    /// What is to be raised.
    pub raise: &'a Raise,
    /// The intent.
    pub key: IdempotencyKey,
}

impl Work for CheckRaise<'_> {
    const NAME: &'static str = "check_raise_prescription";
    type Output = bool;
    type Error = RaiseError;

    async fn run(&self, tx: &mut Tx) -> Result<bool, RaiseError> {
        if admit::answered_before(tx, &self.key).await? {
            return Ok(false);
        }
        self.raise.admit(tx).await?;
        Ok(true)
    }
}

/// Raises it, for a patient who was traced.
#[derive(Debug)]
pub struct RaiseForPatient {
    /// What is to be raised.
    pub raise: Raise,
    /// The patient.
    pub patient: Option<PatientHash>,
}

impl Work for RaiseForPatient {
    const NAME: &'static str = "raise_prescription";
    type Output = Prescription;
    type Error = RaiseError;

    async fn run(&self, tx: &mut Tx) -> Result<Prescription, RaiseError> {
        let raise = &self.raise;
        let consultation = raise.admit(tx).await?;
        // Without a trace only a replay can succeed, and that never gets here.
        let patient = self.patient.ok_or(RaiseError::ConsultationUnknown)?;
        if raise.override_recent_issue.is_none()
            && let Some(recent) = prescriptions::recently_issued(tx, patient, &raise.items, tx.at() - RECENT).await?
        {
            return Err(RaiseError::RecentlyIssued(recent));
        }
        let prescription = self.compose(tx, consultation).await?;
        prescriptions::insert(tx, &prescription, patient, raise.override_recent_issue.as_deref()).await?;
        events::raise(tx, Moved::to(State::Raised, &prescription));
        Ok(prescription)
    }
}

impl RaiseForPatient {
    async fn compose(&self, tx: &mut Tx, consultation: Consultation) -> Result<Prescription, RaiseError> {
        let raise = &self.raise;
        let number = prescriptions::next_number(tx).await?;
        let random = tx.clock().random::<3>();
        let short_id = EpsShortId::compose(random, &raise.cost_centre, number).map_err(RaiseError::ShortId)?;
        let organisation = tx.organisation().ok_or(Denied::NotFound)?;
        Ok(Prescription {
            id: raise.prescription,
            consultation: consultation.id,
            practice: consultation.practice,
            practice_ods: consultation.practice_ods,
            organisation: OrganisationId::new(organisation),
            cost_centre: raise.cost_centre.clone(),
            prescriber: raise.caller.subject.clone(),
            state: State::Raised,
            version: 1,
            short_id: short_id.to_string(),
            items: raise.items.clone(),
            pharmacy: raise.pharmacy.as_ref().map(ToString::to_string),
            raised_at: tx.at(),
            sign_by: tx.at() + raise.sign_within,
            signed_at: None,
            issued_at: None,
            refusal_code: None,
        })
    }
}
