//! `audit.quarantine` and `audit.rejected`: messages that did not become consultations at once.

use ehub_identifiers::QuarantineId;
use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;

/// Notes that a message was quarantined. The consultation made of it may be heard of first.
pub async fn quarantined(tx: &mut Tx, message: QuarantineId, at: OffsetDateTime) -> Result<(), StorageError> {
    sqlx::query(
        "/* messages.quarantined */ insert into audit.quarantine (message, quarantined_at) values ($1, $2) \
         on conflict (message) do nothing",
    )
    .bind(message.uuid())
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that a message was rejected.
pub async fn rejected(tx: &mut Tx, message: QuarantineId, at: OffsetDateTime) -> Result<(), StorageError> {
    sqlx::query(
        "/* messages.rejected */ insert into audit.rejected (message, rejected_at) values ($1, $2) \
         on conflict (message) do nothing",
    )
    .bind(message.uuid())
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}
