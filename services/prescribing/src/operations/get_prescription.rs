//! GetPrescription.

use std::sync::Arc;

use ehub_auth::{Caller, GrantPresented};
use ehub_identifiers::PrescriptionId;
use ehub_postgres::{Tx, Work};

use super::admit::{self, Denied};
use crate::{
    domain::Prescription,
    storage::prescriptions::{self, Lock},
};

/// Which prescription, for whom.
#[derive(Debug)]
pub struct Get {
    /// Who reads.
    pub caller: Arc<Caller>,
    /// The grant presented, if any.
    pub grant: GrantPresented,
    /// Which.
    pub prescription: PrescriptionId,
}

impl Work for Get {
    const NAME: &'static str = "get_prescription";
    type Output = Prescription;
    type Error = Denied;

    async fn run(&self, tx: &mut Tx) -> Result<Prescription, Denied> {
        tx.about(self.prescription.name());
        let prescription = prescriptions::find(tx, self.prescription, Lock::No).await?.ok_or(Denied::NotFound)?;
        tx.concerns(prescription.consultation.uuid());
        // Who holds the consultation may read what belongs to it; others need the practice.
        let listed = admit::listed(&self.caller, &prescription.practice_ods);
        if listed && self.grant.permits_reading(prescription.consultation.uuid(), tx.at()) {
            tx.on_behalf_of(&prescription.practice_ods);
        } else {
            admit::to_practice(tx, &self.caller, &prescription.practice_ods, admit::TO_READ)
                .await
                .map_err(admit::unseen)?;
        }
        Ok(prescription)
    }
}
