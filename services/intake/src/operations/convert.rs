//! Makes a consultation of something quarantined, with what a person read in it.

use std::sync::Arc;

use ehub_access::{AccessError, require_practice};
use ehub_identifiers::{OdsCode, QuarantineId};
use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

use super::accept::{self, Accepted, Acceptor, Arriving};
use crate::{
    domain::{codes::Channel, consultation::Consultation, event},
    storage::quarantine,
};

/// What was read, and in what.
#[derive(Debug)]
pub struct Convert {
    /// How consultations are accepted.
    pub acceptor: Arc<Acceptor>,
    /// The quarantined message.
    pub id: QuarantineId,
    /// The practice it was meant for.
    pub practice_ods: OdsCode,
    /// Who, by whom, what.
    pub consultation: Consultation,
}

/// Why it is not converted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or another hub's.
    #[error("no such quarantined message of this hub")]
    NotFound,
    /// Settled before.
    #[error("the quarantined message is settled")]
    Settled {
        /// What it became.
        consultation: Option<Uuid>,
    },
    /// The person may not act for the practice.
    #[error("the person may not act for the practice")]
    Access(#[from] AccessError),
    /// It does not come in.
    #[error("the consultation was not accepted")]
    Accept(#[from] accept::Error),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for Convert {
    const NAME: &'static str = "convert_quarantined";
    type Output = Accepted;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Accepted, Error> {
        require_practice(tx, self.practice_ods.as_str(), "work").await?;
        let found = quarantine::lock(tx, self.id.uuid()).await?.ok_or(Error::NotFound)?;
        if found.settle_time.is_some() {
            return Err(Error::Settled { consultation: found.consultation });
        }
        let client = format!("mesh:{}", found.from_mailbox);
        let arriving = Arriving {
            practice_ods: &self.practice_ods,
            hub_ods: Some(&found.owner_ods),
            client: &client,
            channel: Channel::Mesh,
            supplier_reference: None,
            // The time it was received is kept: the patient does not wait twice.
            first_contact_time: found.receive_time,
            consultation: &self.consultation,
            blind: None,
            quarantined: Some(found.id),
        };
        let accepted = self.acceptor.accept(tx, &arriving).await?;
        quarantine::settle(tx, found.id, accepted.id).await?;
        tx.raise(event::Converted { quarantined: found.id, consultation: accepted.id });
        tx.about(self.id.name());
        Ok(accepted)
    }
}
