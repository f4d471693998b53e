//! What came into the write-back mailbox.

use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;

/// A message as it came.
#[derive(Clone, sqlx::FromRow)]
pub struct Landed {
    /// MESH's id.
    pub mesh_id: String,
    /// `DATA` or `REPORT`.
    pub message_type: String,
    /// The workflow.
    pub workflow: String,
    /// In a report, the message it is about.
    pub linked_id: Option<String>,
    /// MESH's status code.
    pub status_code: Option<String>,
    /// Whether the status says success.
    pub status_success: bool,
    /// The content.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Landed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Landed").field("mesh_id", &self.mesh_id).finish_non_exhaustive()
    }
}

/// Keeps a message; one that is here already stays as it is.
pub async fn land(tx: &mut Tx, landed: &Landed) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query(
        "/* inbound.land */ insert into writeback.inbound (mesh_id, received_at, message_type, workflow, linked_id, status_code, \
           status_success, body) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (mesh_id) do nothing",
    )
    .bind(&landed.mesh_id)
    .bind(at)
    .bind(&landed.message_type)
    .bind(&landed.workflow)
    .bind(&landed.linked_id)
    .bind(&landed.status_code)
    .bind(landed.status_success)
    .bind(&landed.body)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Locks the oldest message that has not been worked on.
pub async fn next(tx: &mut Tx) -> Result<Option<Landed>, StorageError> {
    Ok(sqlx::query_as(
        "/* inbound.next */ select mesh_id, message_type, workflow, linked_id, status_code, status_success, body \
           from writeback.inbound where processed_at is null order by received_at, mesh_id limit 1 for update skip locked",
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Notes what became of a message.
pub async fn done(tx: &mut Tx, mesh_id: &str, outcome: &str) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query("/* inbound.done */ update writeback.inbound set processed_at = $2, outcome = $3 where mesh_id = $1")
        .bind(mesh_id)
        .bind(at)
        .bind(outcome)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets at most 500 messages worked on before a time; gives how many.
pub async fn forget_older_than(tx: &mut Tx, before: OffsetDateTime) -> Result<u64, StorageError> {
    let done = sqlx::query(
        "/* inbound.forget */ delete from writeback.inbound where mesh_id in (\
           select mesh_id from writeback.inbound where received_at < $1 and processed_at is not null limit 500)",
    )
    .bind(before)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
