//! What every act on a prescription asks first: whose it is, who acts, under which claim.

use ehub_access::{AccessError, reaches, require_fresh, require_one_of};
use ehub_auth::{Caller, Grant, GrantKind, GrantPresented};
use ehub_calendar::local_date;
use ehub_faults::Fault;
use ehub_fence::FenceError;
use ehub_identifiers::{ConsultationId, OdsCode, PrescriptionId};
use ehub_postgres::{IdempotencyKey, StorageError, Tx, find};

use crate::{
    domain::{CostCentre, Membership, Prescription, State, Step},
    storage::{
        cost_centres,
        prescriptions::{self, Lock},
    },
};

/// What a person needs for a practice's patients to prescribe for them.
pub const TO_PRESCRIBE: &[&str] = &["prescribe"];
/// One of what a person needs to read what was prescribed for them. The practice's own people have `read`, and whoever
/// an agreement gives it.
pub const TO_READ: &[&str] = &["read", "prescribe"];

/// Why an act on a prescription is refused.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Not there, or not the caller's.
    #[error("there is no such prescription for the caller")]
    NotFound,
    /// The practice is not the caller's.
    #[error("the caller may not act for the practice")]
    Access(#[source] AccessError),
    /// There is no grant for this.
    #[error("the grant does not permit it")]
    Grant(Fault),
    /// The claim is over.
    #[error("the claim is over")]
    Fence(#[source] FenceError),
    /// Changed since it was read.
    #[error("the prescription has changed since it was read")]
    Stale,
    /// It does not fit the state.
    #[error("the prescription is in another state")]
    WrongState(State),
    /// The caller is not whom it was raised for.
    #[error("the caller is not the prescriber")]
    NotThePrescriber,
    /// Prescriber and cost centre do not belong together today.
    #[error("the prescriber is not a member of the cost centre today")]
    NotAMember(OdsCode),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl From<AccessError> for Denied {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Storage(error) => Self::Storage(error),
            other => Self::Access(other),
        }
    }
}

impl From<FenceError> for Denied {
    fn from(error: FenceError) -> Self {
        match error {
            FenceError::Storage(error) => Self::Storage(error),
            other => Self::Fence(other),
        }
    }
}

/// Admits an act under the claim of a consultation, and keeps the claim's fence until the
/// transaction ends.
pub async fn under_claim(tx: &mut Tx, grant: &GrantPresented, consultation: ConsultationId) -> Result<Grant, Denied> {
    let grant = grant.require(GrantKind::Act, consultation.uuid(), tx.at()).map_err(Denied::Grant)?.clone();
    ehub_fence::hold(tx, &grant).await?;
    Ok(grant)
}

/// Admits a person to a practice's patients: one of the rights today, and the token's own list.
pub async fn to_practice(tx: &mut Tx, caller: &Caller, practice_ods: &str, rights: &[&str]) -> Result<(), Denied> {
    require_one_of(tx, practice_ods, rights).await?;
    if !listed(caller, practice_ods) {
        return Err(Denied::Access(AccessError::PracticeNotAllowed));
    }
    tx.on_behalf_of(practice_ods);
    Ok(())
}

/// Admits a person to the practice of the claim, where the consultation itself is not to be seen.
pub async fn to_practice_of(tx: &mut Tx, grant: &Grant, rights: &[&str]) -> Result<(), Denied> {
    require_fresh(tx).await?;
    let reaches = reaches(tx, grant.practice, rights).await?;
    if reaches { Ok(()) } else { Err(Denied::Access(AccessError::PracticeNotAllowed)) }
}

/// Whether a practice is among those the caller's token is limited to.
pub fn listed(caller: &Caller, practice_ods: &str) -> bool {
    OdsCode::parse(practice_ods).is_ok_and(|practice| caller.token_admits_practice(&practice))
}

/// The prescription an act is about, of the caller's own organisation, kept against change, at the
/// version the caller has seen.
pub async fn to_act_on(tx: &mut Tx, caller: &Caller, id: PrescriptionId, etag: &str) -> Result<Prescription, Denied> {
    let prescription = own(tx, caller, id, Lock::Yes).await?;
    if prescription.etag() == etag { Ok(prescription) } else { Err(Denied::Stale) }
}

/// A prescription of the caller's own organisation.
pub async fn own(tx: &mut Tx, caller: &Caller, id: PrescriptionId, lock: Lock) -> Result<Prescription, Denied> {
    tx.about(id.name());
    let prescription = prescriptions::find(tx, id, lock).await?.ok_or(Denied::NotFound)?;
    if tx.organisation() != Some(prescription.organisation.uuid()) {
        return Err(Denied::NotFound);
    }
    tx.concerns(prescription.consultation.uuid());
    to_practice(tx, caller, &prescription.practice_ods, TO_PRESCRIBE).await.map_err(unseen)?;
    Ok(prescription)
}

/// What is not the caller's looks as if it were not there.
pub fn unseen(denied: Denied) -> Denied {
    match denied {
        Denied::Access(AccessError::PracticeNotAllowed) => Denied::NotFound,
        other => other,
    }
}

/// Where a step leads, when it may be taken.
pub fn step(prescription: &Prescription, step: Step) -> Result<State, Denied> {
    prescription.state.after(step).ok_or(Denied::WrongState(prescription.state))
}

/// The cost centre and the membership of a prescriber, when both are in force today.
pub async fn membership_today(tx: &mut Tx, code: &OdsCode, subject: &str) -> Result<(CostCentre, Membership), Denied> {
    let today = local_date(tx.at());
    let not_a_member = || Denied::NotAMember(code.clone());
    let cost_centre = cost_centres::find(tx, code).await?.ok_or_else(not_a_member)?;
    let member = cost_centres::member(tx, code, subject).await?;
    if !cost_centre.admits(member.as_ref(), today) {
        return Err(not_a_member());
    }
    Ok((cost_centre, member.ok_or_else(not_a_member)?))
}

/// Whether an intent was answered before: then nobody outside is asked again for it.
pub async fn answered_before(tx: &mut Tx, key: &IdempotencyKey) -> Result<bool, StorageError> {
    Ok(find(tx, key).await?.is_some())
}
