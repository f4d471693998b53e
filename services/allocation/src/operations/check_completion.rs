//! Looks whether a consultation may be closed, before the other services are asked to seal it.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{IdempotencyKey, Tx, Work, find};

use crate::{
    domain::{
        closing::Closing,
        item::{CustodyError, WorkItem},
        words::Urgency,
    },
    operations::held::{Actor, ItemError, held},
};

/// Looks whether a consultation may be closed.
#[derive(Debug)]
pub struct CheckCompletion {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// How.
    pub closing: Closing,
    /// The key of the call.
    pub key: IdempotencyKey,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It was answered before: replay that.
    Replay,
    /// Ask the guards to seal this epoch.
    Seal(i64),
}

impl Work for CheckCompletion {
    const NAME: &'static str = "check_completion";
    type Output = Next;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Next, ItemError> {
        if find(tx, &self.key).await?.is_some() {
            return Ok(Next::Replay);
        }
        let (item, _) = held(tx, &self.actor, self.consultation).await?;
        settle_emergency(&item, &self.closing)?;
        Ok(Next::Seal(item.epoch))
    }
}

/// An emergency is closed only with a contact or safe disposition recorded, now or earlier.
pub(crate) fn settle_emergency(item: &WorkItem, closing: &Closing) -> Result<(), CustodyError> {
    if item.urgency == Urgency::Emergency && closing.safe.or(item.safe).is_none() {
        return Err(CustodyError::EmergencyNotSettled);
    }
    Ok(())
}
