//! `audit.deliverable`, `audit.manifest_item` and `audit.task`: what has an outcome to wait for.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;

/// Notes where a thing stands now.
pub async fn stands(
    tx: &mut Tx,
    consultation: ConsultationId,
    name: &str,
    state: &str,
    at: OffsetDateTime,
) -> Result<(), StorageError> {
    sqlx::query(
        "/* deliverables.stands */ insert into audit.deliverable (name, consultation, state, stated_at, first_at) \
         values ($1, $2, $3, $4, $4) on conflict (name) do update set state = excluded.state, \
           stated_at = case when deliverable.state = excluded.state then deliverable.stated_at else excluded.stated_at end",
    )
    .bind(name)
    .bind(consultation.uuid())
    .bind(state)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Things of a consultation whose names begin so, with their states.
pub async fn of(
    tx: &mut Tx,
    consultation: ConsultationId,
    collection: &str,
) -> Result<Vec<(String, String)>, StorageError> {
    Ok(sqlx::query_as(
        "/* deliverables.of */ select name, state from audit.deliverable \
          where consultation = $1 and starts_with(name, $2) order by name",
    )
    .bind(consultation.uuid())
    .bind(collection)
    .fetch_all(tx.conn())
    .await?)
}

/// Keeps a closing manifest.
pub async fn manifest(
    tx: &mut Tx,
    consultation: ConsultationId,
    episode: u32,
    items: &[(String, i64)],
) -> Result<(), StorageError> {
    let names: Vec<&str> = items.iter().map(|(name, _)| name.as_str()).collect();
    let versions: Vec<i64> = items.iter().map(|(_, version)| *version).collect();
    sqlx::query(
        "/* deliverables.manifest */ insert into audit.manifest_item (consultation, episode, name, version) \
         select $1, $2, i.name, i.version from unnest($3::text[], $4::bigint[]) i(name, version) on conflict do nothing",
    )
    .bind(consultation.uuid())
    .bind(i32::try_from(episode).unwrap_or(i32::MAX))
    .bind(&names)
    .bind(&versions)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that a person has a task about a thing.
pub async fn task(
    tx: &mut Tx,
    consultation: ConsultationId,
    subject: &str,
    kind: &str,
    at: OffsetDateTime,
) -> Result<(), StorageError> {
    sqlx::query(
        "/* deliverables.task */ insert into audit.task (consultation, subject, kind, raised_at) values ($1, $2, $3, $4) \
         on conflict do nothing",
    )
    .bind(consultation.uuid())
    .bind(subject)
    .bind(kind)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}
