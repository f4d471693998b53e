//! The roots intake answers for: its consultations.

use ehub_postgres::{StorageError, Tx};
use ehub_roots::Root;
use uuid::Uuid;

/// Every consultation with the version of its stream. What intake answers for never changes by
/// itself, so its state is one word.
pub async fn all(tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "/* roots.all */ select c.id, s.version from intake.consultation c join ehub.outbox_stream s on s.stream = c.id",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|(id, version)| Root { id, version, state: "ACCEPTED".to_owned() }).collect())
}
