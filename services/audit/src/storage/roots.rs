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

/// Every root of a source that has a state.
pub async fn all(tx: &mut Tx, source: &str) -> Result<Vec<Root>, StorageError> {
    let rows =
        sqlx::query_as("/* roots.all */ select id, version, state from audit.root where source = $1 and state <> ''")
            .bind(source)
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().map(root).collect())
}

/// The roots of one shard of a source.
pub async fn of_shard(tx: &mut Tx, source: &str, shard: u8) -> Result<Vec<Root>, StorageError> {
    let rows = sqlx::query_as(
        "/* roots.of_shard */ select id, version, state from audit.root \
          where source = $1 and get_byte(uuid_send(id), 15) = $2 and state <> ''",
    )
    .bind(source)
    .bind(i32::from(shard))
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(root).collect())
}

fn root((id, version, state): (Uuid, i64, String)) -> Root {
    Root { id, version, state }
}
