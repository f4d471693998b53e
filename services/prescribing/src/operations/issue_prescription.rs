//! IssuePrescription: the signed prescription is stored as it will be sent, once.
//!
//! From then on it is SENDING, nobody can take it back, and [`super::send_order`] sends those very
//! bytes under that very request id until EPS has answered.

use std::{sync::Arc, time::Duration};

use ehub_auth::Caller;
use ehub_identifiers::PrescriptionId;
use ehub_postgres::{StorageError, Tx, Work};
use uuid::Builder;

use super::{
    admit::{self, Denied},
    raise_prescription::RECENT,
};
use crate::{
    domain::{Moved, Prescription, Step},
    eps::{NotAnOrder, signed_bytes},
    events,
    storage::{
        prescriptions::{self, Lock},
        sending,
    },
};

/// Why it is refused.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// As for every act.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// One of the medicines was issued meanwhile, in this prescription.
    #[error("one of the medicines was issued meanwhile")]
    RecentlyIssued(PrescriptionId),
    /// What was prepared and signed does not make an order: a bug.
    #[error("no order can be made of what was signed")]
    NotAnOrder(#[from] NotAnOrder),
}

impl From<StorageError> for IssueError {
    fn from(error: StorageError) -> Self {
        Self::Denied(Denied::Storage(error))
    }
}

/// Which prescription, by whom.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Who issues it.
    pub caller: Arc<Caller>,
    /// Which.
    pub prescription: PrescriptionId,
    /// The version seen last.
    pub etag: String,
    /// Why the same medicine may be issued again.
    pub override_recent_issue: Option<String>,
    /// How long the first send is left alone before background work sends again.
    pub first_send: Duration,
}

impl Work for Issue {
    const NAME: &'static str = "issue_prescription";
    type Output = Prescription;
    type Error = IssueError;

    async fn run(&self, tx: &mut Tx) -> Result<Prescription, IssueError> {
        let mut prescription = admit::to_act_on(tx, &self.caller, self.prescription, &self.etag).await?;
        if prescription.prescriber != self.caller.subject {
            return Err(Denied::NotThePrescriber.into());
        }
        let next = admit::step(&prescription, Step::Send)?;
        let (_, prescriber) = admit::membership_today(tx, &prescription.cost_centre, &self.caller.subject).await?;
        self.admit_again(tx, &prescription).await?;
        let parts = sending::signed_parts(tx, self.prescription).await?;
        let message = signed_bytes(&parts.prepared_order, &parts.signature, &parts.digest_timestamp)?;
        // EPS asks for a version 4 UUID in lower case, and de-duplicates by it.
        let request = Builder::from_random_bytes(tx.clock().random::<16>()).into_uuid();
        let again_at = tx.at() + self.first_send;
        sending::store(tx, &prescription, &message, request, &prescriber.sds_role_profile_id, again_at).await?;
        prescription.state = next;
        prescription.version += 1;
        events::raise(tx, Moved::to(next, &prescription));
        Ok(prescription)
    }
}

impl Issue {
    /// Asks once more whether the medicine was issued lately, now that nobody can issue it beside us:
    /// between raising and issuing another prescription may have gone out. What was overridden when it
    /// was raised stays so; what came after that must be looked at.
    async fn admit_again(&self, tx: &mut Tx, prescription: &Prescription) -> Result<(), IssueError> {
        let since = tx.at() - RECENT;
        let recent = prescriptions::issued_meanwhile(tx, prescription, since).await?;
        match (recent, &self.override_recent_issue) {
            (Some(recent), None) => Err(IssueError::RecentlyIssued(recent)),
            (_, Some(why)) => Ok(prescriptions::overridden(tx, self.prescription, why).await?),
            (None, None) => Ok(()),
        }
    }
}

/// Where a prescription that was sent stands now.
#[derive(Debug)]
pub struct Standing {
    /// Which.
    pub prescription: PrescriptionId,
}

impl Work for Standing {
    const NAME: &'static str = "issue_prescription_standing";
    type Output = Prescription;
    type Error = Denied;

    async fn run(&self, tx: &mut Tx) -> Result<Prescription, Denied> {
        prescriptions::find(tx, self.prescription, Lock::No).await?.ok_or(Denied::NotFound)
    }
}
