//! What is known of consultations.

use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

/// A consultation as intake made it known.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Consultation {
    /// Its id.
    pub id: Uuid,
    /// The practice, by internal id.
    pub practice: Uuid,
    /// The practice, by ODS code.
    pub practice_ods: String,
    /// The hub, by ODS code.
    pub hub_ods: String,
    /// The reference people read out.
    pub reference: String,
    /// A test patient's.
    pub test_patient: bool,
    /// Restricted content.
    pub restricted: bool,
}

/// Keeps a consultation; a repeat changes nothing but what may change.
pub async fn put(tx: &mut Tx, consultation: &Consultation) -> Result<(), StorageError> {
    sqlx::query(
        "/* consultation.put */ insert into writeback.consultation \
         (id, practice, practice_ods, hub_ods, reference, test_patient, restricted) values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (id) do update set practice = excluded.practice, practice_ods = excluded.practice_ods, \
           hub_ods = excluded.hub_ods, test_patient = excluded.test_patient, \
           restricted = consultation.restricted or excluded.restricted",
    )
    .bind(consultation.id)
    .bind(consultation.practice)
    .bind(&consultation.practice_ods)
    .bind(&consultation.hub_ods)
    .bind(&consultation.reference)
    .bind(consultation.test_patient)
    .bind(consultation.restricted)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A consultation the caller may reach.
pub async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Consultation>, StorageError> {
    Ok(sqlx::query_as(
        "/* consultation.find */ select id, practice, practice_ods, hub_ods, reference, test_patient, restricted \
           from writeback.consultation where id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?)
}

/// The ODS code an organisation bears today.
pub async fn ods_of(tx: &mut Tx, org: Uuid) -> Result<Option<String>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* consultation.ods_of */ select ods from ehub.organisation where org = $1 and valid_from <= ehub.app_now()::date \
          order by valid_from desc limit 1",
    )
    .bind(org)
    .fetch_optional(tx.conn())
    .await?)
}

/// Notes that a consultation was completed, and what its manifest names. Entries filed under the
/// sealed claim, or before it, and not yet part of a completion belong to this one.
pub async fn complete(
    tx: &mut Tx,
    consultation: Uuid,
    epoch: i64,
    completed: (OffsetDateTime, Clinical),
    prescriptions: &[Uuid],
) -> Result<(), StorageError> {
    let (at, clinical) = completed;
    sqlx::query(
        "/* consultation.complete */ insert into writeback.completion (consultation, epoch, clinical, completed_at) \
         values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(consultation)
    .bind(epoch)
    .bind(clinical == Clinical::Yes)
    .bind(at)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "/* consultation.manifest */ insert into writeback.manifest_prescription (consultation, epoch, prescription) \
         select $1, $2, p from unnest($3::uuid[]) p on conflict do nothing",
    )
    .bind(consultation)
    .bind(epoch)
    .bind(prescriptions)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "/* consultation.complete_entries */ update writeback.entry set completed_epoch = $2 \
          where consultation = $1 and completed_epoch is null and claim_epoch <= $2",
    )
    .bind(consultation)
    .bind(epoch)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether an outcome was clinical.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clinical {
    /// It was.
    Yes,
    /// It was not.
    No,
}
