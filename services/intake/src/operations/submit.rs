//! Submits a consultation over gRPC: a supplier's client, or staff who take a call.

use std::sync::Arc;

use ehub_access::{AccessError, require_practice};
use ehub_auth::{Caller, Kind};
use ehub_identifiers::OdsCode;
use ehub_postgres::{StorageError, Tx, Work};
use time::OffsetDateTime;

use super::accept::{self, Accepted, Acceptor, Arriving};
use crate::domain::{codes::Channel, consultation::Consultation};

/// A submission, parsed. That a client's token names the practice was checked before.
#[derive(Debug)]
pub struct Submit {
    /// How consultations are accepted.
    pub acceptor: Arc<Acceptor>,
    /// Who submits.
    pub caller: Arc<Caller>,
    /// The practice.
    pub practice_ods: OdsCode,
    /// The supplier's reference.
    pub supplier_reference: Option<String>,
    /// When the patient made contact; now, when not given.
    pub first_contact_time: Option<OffsetDateTime>,
    /// The channel.
    pub channel: Channel,
    /// Who, by whom, what.
    pub consultation: Consultation,
}

/// Why a submission is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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

impl Work for Submit {
    const NAME: &'static str = "submit_consultation";
    type Output = Accepted;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Accepted, Error> {
        // A supplier is not in the access table; a person must be, today.
        if self.caller.kind == Kind::Person {
            require_practice(tx, self.practice_ods.as_str(), "work").await?;
        }
        let arriving = Arriving {
            practice_ods: &self.practice_ods,
            hub_ods: None,
            client: &self.caller.client,
            channel: self.channel,
            supplier_reference: self.supplier_reference.as_deref(),
            first_contact_time: self.first_contact_time.unwrap_or(tx.at()),
            consultation: &self.consultation,
            blind: None,
            quarantined: None,
        };
        Ok(self.acceptor.accept(tx, &arriving).await?)
    }
}
