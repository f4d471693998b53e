//! What write-back holds, for the proof that nothing is lost.

use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

/// Every consultation with entries: its id, the version of its stream, and its entries' states, in
/// one statement and so in one snapshot.
pub async fn all(tx: &mut Tx) -> Result<Vec<(Uuid, i64, String)>, StorageError> {
    Ok(sqlx::query_as(
        "/* roots.all */ select e.consultation, s.version, string_agg(e.id::text || '=' || e.state, ',' order by e.id) \
           from writeback.entry e join ehub.outbox_stream s on s.stream = e.consultation group by e.consultation, s.version",
    )
    .fetch_all(tx.conn())
    .await?)
}
