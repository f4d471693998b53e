//! What prescribing holds, for the proof that nothing is lost.

use ehub_postgres::{StorageError, Tx};
use ehub_roots::Root;
use uuid::Uuid;

/// A root for each consultation that has prescriptions: the version of its stream, and each
/// prescription with its state. One statement, and so one snapshot.
pub async fn all(tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "/* roots.all */ select p.consultation, s.version, string_agg(p.id::text || '=' || p.state, ',' order by p.id) \
          from prescribing.prescription p join ehub.outbox_stream s on s.stream = p.consultation \
         group by p.consultation, s.version",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|(id, version, state)| Root { id, version, state }).collect())
}
