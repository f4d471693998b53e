//! What could not become a consultation.

use ehub_postgres::{StorageError, Tx, exactly_one};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::inconsistent;
use crate::domain::codes::{Cause, Urgency};

const TABLE: &str = "intake.quarantined";

/// A quarantined message without its bytes.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// Its id.
    pub id: Uuid,
    /// The landed message.
    pub landed: Uuid,
    /// The mailbox it arrived in.
    pub mailbox: String,
    /// The mailbox it came from.
    pub from_mailbox: String,
    /// Its owner.
    pub owner_ods: String,
    /// Why.
    pub cause: Cause,
    /// Paths that were wrong.
    pub wrong_fields: Vec<String>,
    /// When it was received.
    pub receive_time: OffsetDateTime,
    /// By when a person looks.
    pub deadline: OffsetDateTime,
    /// What screening of its text found.
    pub screened: Urgency,
    /// Bytes.
    pub size_bytes: i64,
    /// What it became.
    pub consultation: Option<Uuid>,
    /// When it was settled.
    pub settle_time: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct QuarantinedRow {
    id: Uuid,
    landed: Uuid,
    mailbox: String,
    from_mailbox: String,
    owner_ods: String,
    cause: String,
    wrong_fields: Vec<String>,
    receive_time: OffsetDateTime,
    deadline: OffsetDateTime,
    screened: String,
    size_bytes: i64,
    consultation: Option<Uuid>,
    settle_time: Option<OffsetDateTime>,
}

impl TryFrom<QuarantinedRow> for Quarantined {
    type Error = StorageError;

    fn try_from(row: QuarantinedRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.id,
            landed: row.landed,
            mailbox: row.mailbox,
            from_mailbox: row.from_mailbox,
            owner_ods: row.owner_ods,
            cause: Cause::from_code(&row.cause).ok_or(inconsistent(TABLE, "cause"))?,
            wrong_fields: row.wrong_fields,
            receive_time: row.receive_time,
            deadline: row.deadline,
            screened: Urgency::from_code(&row.screened).ok_or(inconsistent(TABLE, "screened"))?,
            size_bytes: row.size_bytes,
            consultation: row.consultation,
            settle_time: row.settle_time,
        })
    }
}

/// Writes one.
pub async fn insert(tx: &mut Tx, new: &Quarantined) -> Result<(), StorageError> {
    sqlx::query(
        "/* quarantine.insert */ insert into intake.quarantined (id, landed, mailbox, from_mailbox, owner_ods, cause, wrong_fields, \
         receive_time, deadline, screened, size_bytes) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(new.id)
    .bind(new.landed)
    .bind(&new.mailbox)
    .bind(&new.from_mailbox)
    .bind(&new.owner_ods)
    .bind(new.cause.code())
    .bind(&new.wrong_fields)
    .bind(new.receive_time)
    .bind(new.deadline)
    .bind(new.screened.code())
    .bind(new.size_bytes)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// One of the caller's, locked against a second conversion.
pub async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Quarantined>, StorageError> {
    let row: Option<QuarantinedRow> =
        sqlx::query_as("/* quarantine.lock */ select * from intake.quarantined where id = $1 for update")
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    row.map(Quarantined::try_from).transpose()
}

/// One of an owner's.
pub async fn get(tx: &mut Tx, owner_ods: &str, id: Uuid) -> Result<Option<Quarantined>, StorageError> {
    let row: Option<QuarantinedRow> =
        sqlx::query_as("/* quarantine.get */ select * from intake.quarantined where id = $1 and owner_ods = $2")
            .bind(id)
            .bind(owner_ods)
            .fetch_optional(tx.conn())
            .await?;
    row.map(Quarantined::try_from).transpose()
}

/// Notes what an unsettled one became.
pub async fn settle(tx: &mut Tx, id: Uuid, consultation: Uuid) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* quarantine.settle */ update intake.quarantined set consultation = $2, settle_time = $3 where id = $1 and settle_time is null",
    )
    .bind(id)
    .bind(consultation)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("quarantine.settle", done.rows_affected())
}

/// Which of the caller's are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Those that wait for a person.
    Waiting,
    /// Also those that are settled.
    SettledToo,
}

/// A page of the caller's own, most urgent deadline first.
pub async fn list(
    tx: &mut Tx,
    owner_ods: &str,
    listed: Listed,
    after: Option<(OffsetDateTime, Uuid)>,
    limit: i64,
) -> Result<Vec<Quarantined>, StorageError> {
    let (after_deadline, after_id) = after.unzip();
    let rows: Vec<QuarantinedRow> = sqlx::query_as(
        "/* quarantine.list */ select * from intake.quarantined where owner_ods = $1 and ($2 or settle_time is null) \
         and ($3::timestamptz is null or (deadline, id) > ($3, $4)) order by deadline, id limit $5",
    )
    .bind(owner_ods)
    .bind(listed == Listed::SettledToo)
    .bind(after_deadline)
    .bind(after_id)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Quarantined::try_from).collect()
}
