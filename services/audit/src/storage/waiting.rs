//! What has not got its place in the log yet.

use ehub_postgres::{StorageError, Tx};

/// How many events wait for their leaf, and for how many seconds the one heard first has.
pub async fn waiting(tx: &mut Tx) -> Result<[(i64, f64); 1], StorageError> {
    let row: (i64, f64) = sqlx::query_as(
        "/* waiting.read */ select count(*), coalesce(extract(epoch from ehub.app_now() - min(heard_at)), 0)::float8 \
           from audit.event where seq is null",
    )
    .fetch_one(tx.conn())
    .await?;
    Ok([row])
}
