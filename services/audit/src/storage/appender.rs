//! `audit.appender`: one appender at a time, by PostgreSQL's clock.

use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

/// Takes or keeps the lease; `false` while another has it. Locks the row until the transaction
/// ends, so that two that think they hold it take turns.
pub async fn lease(tx: &mut Tx, token: Uuid, seconds: f64) -> Result<bool, StorageError> {
    let done = sqlx::query(
        "/* appender.lease */ update audit.appender set token = $1, until = ehub.app_now() + make_interval(secs => $2) \
          where token = $1 or token is null or until < ehub.app_now()",
    )
    .bind(token)
    .bind(seconds)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the lease back, so that a successor need not wait.
pub async fn release(tx: &mut Tx, token: Uuid) -> Result<(), StorageError> {
    sqlx::query("/* appender.release */ update audit.appender set token = null, until = null where token = $1")
        .bind(token)
        .execute(tx.conn())
        .await?;
    Ok(())
}
