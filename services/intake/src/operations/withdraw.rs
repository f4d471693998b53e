//! Records a patient's wish to withdraw. Allocation decides what becomes of it.

use std::sync::Arc;

use ehub_access::{AccessError, require_fresh};
use ehub_auth::{Caller, Kind};
use ehub_identifiers::{ConsultationId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};
use time::OffsetDateTime;

use crate::{
    domain::{
        codes::{State, Urgency, WithdrawReason},
        event::WithdrawalRequested,
    },
    storage::withdrawal::{self, Standing},
};

/// What is withdrawn, for whom.
#[derive(Debug)]
pub struct WithdrawConsultation {
    /// Which.
    pub id: ConsultationId,
    /// By whom.
    pub caller: Arc<Caller>,
    /// Why.
    pub reason: WithdrawReason,
}

/// Why it is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or neither the caller's practice's nor the caller's own.
    #[error("no such consultation for this caller")]
    NotFound,
    /// It is over.
    #[error("the consultation is over")]
    Closed,
    /// Access is unknown or stale.
    #[error("access could not be judged")]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl WithdrawConsultation {
    /// Whether it is the caller's to withdraw.
    fn may(&self, tx: &Tx, standing: &Standing) -> bool {
        let submitted_it = self.caller.kind == Kind::Client && standing.client == self.caller.client;
        let is_the_practices = standing.practice.is_some() && standing.practice == tx.organisation();
        let admitted = OdsCode::parse(&standing.practice_ods).is_ok_and(|ods| self.caller.token_admits_practice(&ods));
        admitted && (submitted_it || (self.caller.kind == Kind::Person && is_the_practices))
    }
}

impl Work for WithdrawConsultation {
    const NAME: &'static str = "withdraw_consultation";
    type Output = OffsetDateTime;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<OffsetDateTime, Error> {
        if self.caller.kind == Kind::Person {
            require_fresh(tx).await?;
        }
        let standing = withdrawal::lock(tx, self.id.uuid()).await?.ok_or(Error::NotFound)?;
        if !self.may(tx, &standing) {
            return Err(Error::NotFound);
        }
        tx.concerns(self.id.uuid());
        tx.on_behalf_of(standing.practice_ods.as_str());
        if let Some(at) = standing.requested_at {
            return Ok(at);
        }
        if matches!(standing.state, State::Closed | State::Withdrawn) {
            return Err(Error::Closed);
        }
        let at = tx.at();
        withdrawal::request(tx, self.id.uuid(), self.reason, at).await?;
        tx.raise(WithdrawalRequested {
            consultation: self.id.uuid(),
            episode: standing.episode,
            reason: self.reason,
            flagged: standing.urgency != Urgency::Routine,
            at,
        });
        Ok(at)
    }
}
