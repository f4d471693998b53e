//! VoidPrescription: withdraws what has not been sent, or what EPS refused.

use std::sync::Arc;

use ehub_auth::Caller;
use ehub_identifiers::PrescriptionId;
use ehub_postgres::{Tx, Work};

use super::admit::{self, Denied};
use crate::{
    domain::{Moved, Prescription, Step},
    events,
    storage::prescriptions,
};

/// Which prescription, by whom, why.
pub struct Void {
    /// Who withdraws it.
    pub caller: Arc<Caller>,
    /// Which.
    pub prescription: PrescriptionId,
    /// The version seen last.
    pub etag: String,
    /// Why, in the person's words; kept here and told to nobody.
    pub reason: String,
}

impl Work for Void {
    const NAME: &'static str = "void_prescription";
    type Output = Prescription;
    type Error = Denied;

    async fn run(&self, tx: &mut Tx) -> Result<Prescription, Denied> {
        let mut prescription = admit::to_act_on(tx, &self.caller, self.prescription, &self.etag).await?;
        let next = admit::step(&prescription, Step::Void)?;
        prescriptions::voided(tx, &prescription, &self.reason).await?;
        prescription.state = next;
        prescription.version += 1;
        events::raise(tx, Moved::to(next, &prescription).because("VOIDED"));
        Ok(prescription)
    }
}
