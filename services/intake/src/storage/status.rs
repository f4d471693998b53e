//! Public states, and the wrong answers that limit asking for them.

use ehub_postgres::{StorageError, Tx};
use sqlx::FromRow;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::inconsistent;
use crate::domain::codes::State;

/// What anybody may know who knows reference and birth date.
#[derive(Debug, Clone)]
pub struct PublicStatus {
    /// The consultation, for the audit event only.
    pub consultation: Uuid,
    /// The practice, for the audit event only.
    pub practice_ods: String,
    /// Where it stands.
    pub state: State,
    /// When it was received.
    pub accept_time: OffsetDateTime,
    /// The promise.
    pub respond_by: OffsetDateTime,
    /// Closure.
    pub close_time: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct StatusRow {
    consultation: Uuid,
    practice_ods: String,
    state: String,
    accept_time: OffsetDateTime,
    respond_by: OffsetDateTime,
    close_time: Option<OffsetDateTime>,
}

/// Wrong attempts since a time: for the reference, and by the client.
pub async fn attempts(
    tx: &mut Tx,
    reference: &str,
    client: &str,
    since: OffsetDateTime,
) -> Result<(i64, i64), StorageError> {
    Ok(sqlx::query_as(
        "/* status.attempts */ select \
         (select count(*) from intake.status_attempt where reference = $1 and at > $3), \
         (select count(*) from intake.status_attempt where client = $2 and at > $3)",
    )
    .bind(reference)
    .bind(client)
    .bind(since)
    .fetch_one(tx.conn())
    .await?)
}

/// Remembers a wrong attempt.
pub async fn remember(tx: &mut Tx, reference: &str, client: &str) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query("/* status.remember */ insert into intake.status_attempt (reference, client, at) values ($1, $2, $3)")
        .bind(reference)
        .bind(client)
        .bind(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The public state, when both are right.
pub async fn find(tx: &mut Tx, reference: &str, birth_date: Date) -> Result<Option<PublicStatus>, StorageError> {
    let row: Option<StatusRow> = sqlx::query_as("/* status.find */ select * from intake.public_status($1, $2)")
        .bind(reference)
        .bind(birth_date)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| {
        Ok(PublicStatus {
            consultation: row.consultation,
            practice_ods: row.practice_ods,
            state: State::from_code(&row.state).ok_or(inconsistent("intake.consultation", "state"))?,
            accept_time: row.accept_time,
            respond_by: row.respond_by,
            close_time: row.close_time,
        })
    })
    .transpose()
}

/// Removes attempts that no longer limit anything.
pub async fn forget(tx: &mut Tx, older_than: Duration) -> Result<u64, StorageError> {
    let before = tx.at() - older_than;
    let done = sqlx::query("/* status.forget */ delete from intake.status_attempt where at < $1")
        .bind(before)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}
