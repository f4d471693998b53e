//! Consultations, as intake and allocation made them known.

use ehub_identifiers::{ConsultationId, OrganisationId};
use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::Consultation;

/// Keeps a consultation; what is known already stays.
pub async fn put(
    tx: &mut Tx,
    id: Uuid,
    practice: Option<Uuid>,
    practice_ods: &str,
    hub_ods: &str,
) -> Result<(), StorageError> {
    sqlx::query(
        "/* consultations.put */ insert into prescribing.consultation (id, practice, practice_ods, hub_ods) \
         values ($1, coalesce($2, (select org from ehub.organisation where ods = $3 order by valid_from desc limit 1)), $3, $4) \
         on conflict (id) do update set practice = coalesce(consultation.practice, excluded.practice), \
           practice_ods = excluded.practice_ods, hub_ods = excluded.hub_ods",
    )
    .bind(id)
    .bind(practice)
    .bind(practice_ods)
    .bind(hub_ods)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives their practice to consultations that came before the register knew its code.
pub async fn adopt(tx: &mut Tx) -> Result<(), StorageError> {
    sqlx::query(
        "/* consultations.adopt */ update prescribing.consultation c set practice = o.org \
          from ehub.organisation o where c.practice is null and o.ods = c.practice_ods",
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that a consultation was closed; allocation may say so before intake has told of it.
pub async fn close(tx: &mut Tx, id: Uuid, at: OffsetDateTime) -> Result<(), StorageError> {
    sqlx::query(
        "/* consultations.close */ insert into prescribing.consultation (id, practice_ods, hub_ods, closed_at) \
         values ($1, '', '', $2) on conflict (id) do update set closed_at = excluded.closed_at",
    )
    .bind(id)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A consultation, when it is the caller's to see.
pub async fn find(tx: &mut Tx, id: ConsultationId) -> Result<Option<Consultation>, StorageError> {
    let row: Option<(Uuid, String)> = sqlx::query_as(
        "/* consultations.find */ select practice, practice_ods from prescribing.consultation \
          where id = $1 and practice is not null",
    )
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(practice, practice_ods)| Consultation { id, practice: OrganisationId::new(practice), practice_ods }))
}
