//! What others make known, as write-back keeps it. Any order across sources ends the same.

use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

pub use crate::storage::consultation::{Clinical, Consultation};
use crate::{
    domain::Medicine,
    storage::{consultation, medicine},
};

/// A consultation is durable at intake; `practice` is looked up when intake did not know it.
/// Gives whether the practice is known by now.
pub async fn accepted(
    tx: &mut Tx,
    practice: Option<Uuid>,
    known: impl FnOnce(Uuid) -> Consultation + Send,
    practice_ods: &str,
) -> Result<bool, StorageError> {
    let practice = match practice {
        Some(practice) => Some(practice),
        None => ehub_access::known_practice(tx, practice_ods).await?.map(|practice| practice.org),
    };
    let Some(practice) = practice else { return Ok(false) };
    consultation::put(tx, &known(practice)).await?;
    Ok(true)
}

/// A consultation was closed.
#[derive(Debug, Clone)]
pub struct Completed {
    /// The consultation.
    pub consultation: Uuid,
    /// The epoch that was sealed.
    pub epoch: i64,
    /// When.
    pub at: OffsetDateTime,
    /// Whether the outcome was clinical.
    pub clinical: Clinical,
    /// The prescriptions the manifest names.
    pub prescriptions: Vec<Uuid>,
}

/// What wakes whoever releases entries.
pub const RELEASABLE: &str = "releasable entry";

/// Notes a completion.
pub async fn completed(tx: &mut Tx, completed: &Completed) -> Result<(), StorageError> {
    tx.leaves(RELEASABLE);
    let when = (completed.at, completed.clinical);
    consultation::complete(tx, completed.consultation, completed.epoch, when, &completed.prescriptions).await
}

/// Notes where a prescription stands.
pub async fn prescription_moved(
    tx: &mut Tx,
    (prescription, consultation): (Uuid, Uuid),
    state: &str,
    items: &[Medicine],
) -> Result<(), StorageError> {
    tx.leaves(RELEASABLE);
    medicine::put(tx, prescription, consultation, state, items).await
}
