//! A patient's wish to withdraw, on `intake.consultation`.

use ehub_postgres::{StorageError, Tx, exactly_one};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::inconsistent;
use crate::domain::codes::{State, Urgency, WithdrawReason};

const TABLE: &str = "intake.consultation";

/// What a withdrawal depends on.
#[derive(Debug)]
pub struct Standing {
    /// The practice's internal id, once known.
    pub practice: Option<Uuid>,
    /// The practice.
    pub practice_ods: String,
    /// Who submitted it.
    pub client: String,
    /// State.
    pub state: State,
    /// Episode.
    pub episode: i32,
    /// What screening found.
    pub urgency: Urgency,
    /// When it was wished before, if it was.
    pub requested_at: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct Row {
    practice: Option<Uuid>,
    practice_ods: String,
    client: String,
    state: String,
    episode: i32,
    urgency: String,
    withdraw_request_time: Option<OffsetDateTime>,
}

/// A consultation the caller may see, locked.
pub async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Standing>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "/* withdrawal.lock */ select practice, practice_ods, client, state, episode, urgency, withdraw_request_time \
           from intake.consultation where id = $1 for update",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Standing {
        practice: row.practice,
        practice_ods: row.practice_ods,
        client: row.client,
        state: State::from_code(&row.state).ok_or(inconsistent(TABLE, "state"))?,
        episode: row.episode,
        urgency: Urgency::from_code(&row.urgency).ok_or(inconsistent(TABLE, "urgency"))?,
        requested_at: row.withdraw_request_time,
    }))
}

/// Keeps the wish.
pub async fn request(tx: &mut Tx, id: Uuid, reason: WithdrawReason, at: OffsetDateTime) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* withdrawal.request */ update intake.consultation set withdraw_request_time = $2, withdraw_reason = $3 where id = $1",
    )
    .bind(id)
    .bind(at)
    .bind(reason.code())
    .execute(tx.conn())
    .await?;
    exactly_one("withdrawal.request", done.rows_affected())
}
