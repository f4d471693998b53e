//! Facts of other services, as far as prescribing needs them. In the transaction of the event.

use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::storage::consultations;

/// A consultation was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// Its id.
    pub consultation: Uuid,
    /// The practice, when the register knew it.
    pub practice: Option<Uuid>,
    /// The practice's code.
    pub practice_ods: String,
    /// The hub's code.
    pub hub_ods: String,
}

/// Keeps a consultation.
pub async fn consultation_accepted(tx: &mut Tx, fact: &Accepted) -> Result<(), StorageError> {
    consultations::put(tx, fact.consultation, fact.practice, &fact.practice_ods, &fact.hub_ods).await
}

/// Notes that a consultation was closed.
pub async fn consultation_completed(tx: &mut Tx, consultation: Uuid, at: OffsetDateTime) -> Result<(), StorageError> {
    consultations::close(tx, consultation, at).await
}

/// Finds the practice of consultations that came before the register knew it.
pub async fn organisation_put(tx: &mut Tx) -> Result<(), StorageError> {
    consultations::adopt(tx).await
}
