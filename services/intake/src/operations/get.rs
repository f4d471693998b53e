//! Reads one consultation with its content.

use std::sync::Arc;

use ehub_access::{AccessError, require_fresh};
use ehub_auth::{Caller, GrantPresented, Kind};
use ehub_fence::FenceError;
use ehub_identifiers::{ConsultationId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

use crate::storage::{
    consultation::{Whole, whole},
    related,
};

/// What is read, by whom.
#[derive(Debug)]
pub struct GetConsultation {
    /// Which.
    pub id: ConsultationId,
    /// By whom.
    pub caller: Arc<Caller>,
    /// With which grant.
    pub grant: GrantPresented,
}

/// A consultation and the others of its patient.
#[derive(Debug)]
pub struct Found {
    /// The consultation.
    pub whole: Whole,
    /// The others, newest first.
    pub related: Vec<Uuid>,
}

/// Why it is not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the caller's.
    #[error("no such consultation for this caller")]
    NotFound,
    /// A hub's people read under a grant.
    #[error("the content is read under a grant")]
    GrantRequired,
    /// The claim of the grant is over.
    #[error("the claim is over")]
    Superseded,
    /// Access is unknown or stale.
    #[error("access could not be judged")]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl GetConsultation {
    /// A grant of a claim that was given back, passed on or taken over reads nothing more, though it has not run out.
    async fn under_claim(&self, tx: &mut Tx) -> Result<(), Error> {
        match &self.grant {
            GrantPresented::Valid(grant) if self.grant.permits_reading(self.id.uuid(), tx.at()) => {
                ehub_fence::admit_reading(tx, grant).await.map_err(|error| match error {
                    FenceError::Storage(error) => Error::Storage(error),
                    FenceError::Superseded | FenceError::Sealed => Error::Superseded,
                })
            }
            _ => Err(Error::GrantRequired),
        }
    }
}

impl Work for GetConsultation {
    const NAME: &'static str = "get_consultation";
    type Output = Found;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Found, Error> {
        if self.caller.kind == Kind::Person {
            require_fresh(tx).await?;
        }
        let whole = whole(tx, self.id.uuid()).await?.ok_or(Error::NotFound)?;
        let practice = OdsCode::parse(&whole.summary.practice_ods).map_err(|_| Error::NotFound)?;
        if !self.caller.token_admits_practice(&practice) {
            return Err(Error::NotFound);
        }
        let submitted_it = self.caller.kind == Kind::Client && whole.summary.client == self.caller.client;
        let is_the_practices = whole.summary.practice.is_some() && whole.summary.practice == tx.organisation();
        if !submitted_it && !is_the_practices {
            self.under_claim(tx).await?;
        }
        let since = tx.at() - related::WINDOW;
        let related = related::visible(tx, (practice.as_str(), self.id.uuid()), &whole.keys, since).await?;
        tx.concerns(self.id.uuid());
        tx.on_behalf_of(practice.as_str());
        Ok(Found { whole, related })
    }
}
