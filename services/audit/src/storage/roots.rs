//! `audit.root`: the sources' roots as their events tell them.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};
use ehub_roots::Root;
use uuid::Uuid;

/// The state of a root, if one was told.
pub async fn state(tx: &mut Tx, source: &str, id: ConsultationId) -> Result<Option<String>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* roots.state */ select state from audit.root where source = $1 and id = $2 and state <> ''",
    )
    .bind(source)
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?)
}

/// Notes a root's version, and its state when the event told one. Events of a stream come in order
/// and one at a time.
pub async fn put(
    tx: &mut Tx,
    source: &str,
    id: ConsultationId,
    version: i64,
    state: Option<&str>,
) -> Result<(), StorageError> {
    sqlx::query(
        "/* roots.put */ insert into audit.root (source, id, version, state) values ($1, $2, $3, coalesce($4, '')) \
         on conflict (source, id) do update set version = greatest(root.version, excluded.version), \
           state = coalesce($4, root.state)",
    )
    .bind(source)
    .bind(id.uuid())
    .bind(version)
    .bind(state)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The first roots of a source that have a state, after an id and up to another.
pub async fn between(
    tx: &mut Tx,
    source: &str,
    after: Uuid,
    through: Uuid,
    most: i64,
) -> Result<Vec<Root>, StorageError> {
    let rows = sqlx::query_as(
        "/* roots.between */ select id, version, state from audit.root \
          where source = $1 and id > $2 and id <= $3 and state <> '' order by id limit $4",
    )
    .bind(source)
    .bind(after)
    .bind(through)
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(root).collect())
}

/// Those of these roots of a source that have a state.
pub async fn of_ids(tx: &mut Tx, source: &str, ids: &[Uuid]) -> Result<Vec<Root>, StorageError> {
    let rows = sqlx::query_as(
        "/* roots.of_ids */ select id, version, state from audit.root where source = $1 and id = any($2) and state <> ''",
    )
    .bind(source)
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(root).collect())
}

fn root((id, version, state): (Uuid, i64, String)) -> Root {
    Root { id, version, state }
}
