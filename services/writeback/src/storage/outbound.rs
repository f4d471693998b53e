//! Documents on their way.

use std::time::Duration;

use const_format::concatcp;
use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{Delivery, MAX_ATTEMPTS, Standing};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    entry: Uuid,
    consultation: Uuid,
    state: String,
    reason: String,
    current: bool,
    attempts: i32,
    sent_at: Option<OffsetDateTime>,
    undelivered: Option<String>,
    received_at: Option<OffsetDateTime>,
    refused_code: Option<i32>,
    accepted_code: Option<i32>,
    declined_code: Option<i32>,
    outcome_unknown: bool,
    receipt_missing: bool,
    acceptance_missing: bool,
}

/// A document, locked together with its entry.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// The document.
    pub id: Uuid,
    /// Its entry.
    pub entry: Uuid,
    /// Its consultation.
    pub consultation: Uuid,
    /// Where the entry stands.
    pub standing: Standing,
    /// Whether the entry's state follows this document, rather than a later one.
    pub current: bool,
    /// When MESH accepted it.
    pub sent_at: Option<OffsetDateTime>,
    /// What is known.
    pub delivery: Delivery,
}

impl Row {
    fn into_tracked(self) -> Result<Tracked, StorageError> {
        Ok(Tracked {
            id: self.id,
            entry: self.entry,
            consultation: self.consultation,
            standing: Standing::because(super::state(&self.state)?, self.reason),
            current: self.current,
            sent_at: self.sent_at,
            delivery: Delivery {
                attempts: self.attempts,
                sent: self.sent_at.is_some(),
                undelivered: self.undelivered,
                received: self.received_at.is_some(),
                refused: self.refused_code,
                accepted: self.accepted_code,
                declined: self.declined_code,
                outcome_unknown: self.outcome_unknown,
                receipt_missing: self.receipt_missing,
                acceptance_missing: self.acceptance_missing,
            },
        })
    }
}

/// By what a document is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Its id.
    Id(Uuid),
    /// What an acknowledgement echoes.
    SenderReference(String),
    /// MESH's id for it, as a report names it.
    MeshId(String),
}

/// Finds a document and locks it with its entry.
pub async fn lock(tx: &mut Tx, key: &Key) -> Result<Option<Tracked>, StorageError> {
    const LOCK: &str = "/* outbound.lock */ select o.id, o.entry, e.consultation, e.state, e.reason, e.document = o.id as current, \
           o.attempts, o.sent_at, o.undelivered, o.received_at, o.refused_code, o.accepted_code, o.declined_code, \
           o.outcome_unknown, o.receipt_missing, o.acceptance_missing \
           from writeback.outbound o join writeback.entry e on e.id = o.entry where ";
    // A statement for each: one for all three would be planned anew each time.
    let query = match key {
        Key::Id(id) => sqlx::query_as(concatcp!(LOCK, "o.id = $1 for update")).bind(*id),
        Key::SenderReference(text) => sqlx::query_as(concatcp!(LOCK, "o.sender_reference = $1 for update")).bind(text),
        Key::MeshId(text) => sqlx::query_as(concatcp!(LOCK, "o.mesh_id = $1 for update")).bind(text),
    };
    let row: Option<Row> = query.fetch_optional(tx.conn()).await?;
    row.map(Row::into_tracked).transpose()
}

/// The message that decides an entry's state, as it was stored to be sent.
pub async fn body_of(tx: &mut Tx, entry: Uuid) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* outbound.body_of */ select o.body from writeback.outbound o join writeback.entry e on e.document = o.id where e.id = $1",
    )
    .bind(entry)
    .fetch_optional(tx.conn())
    .await?)
}

/// Writes what is known of a document now.
pub async fn save(tx: &mut Tx, id: Uuid, delivery: &Delivery) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* outbound.save */ update writeback.outbound set \
           sent_at = case when $2 then coalesce(sent_at, $3) end, undelivered = $4, \
           received_at = case when $5 then coalesce(received_at, $3) end, refused_code = $6, accepted_code = $7, \
           declined_code = $8, outcome_unknown = $9, receipt_missing = $10, acceptance_missing = $11 where id = $1",
    )
    .bind(id)
    .bind(delivery.sent)
    .bind(at)
    .bind(&delivery.undelivered)
    .bind(delivery.received)
    .bind(delivery.refused)
    .bind(delivery.accepted)
    .bind(delivery.declined)
    .bind(delivery.outcome_unknown)
    .bind(delivery.receipt_missing)
    .bind(delivery.acceptance_missing)
    .execute(tx.conn())
    .await?;
    exactly_one("outbound.save", done.rows_affected())
}

/// Moves the entry of a document, noting when it got how far.
pub async fn follow(tx: &mut Tx, tracked: &Tracked, to: &Standing) -> Result<(), StorageError> {
    let at = tx.at();
    let known = &tracked.delivery;
    let done = sqlx::query(
        "/* outbound.follow */ update writeback.entry set state = $3, reason = $4, \
           sent_at = case when $5 then coalesce(sent_at, $8) else sent_at end, \
           delivered_at = case when $6 then coalesce(delivered_at, $8) else delivered_at end, \
           acknowledged_at = case when $7 then coalesce(acknowledged_at, $8) else acknowledged_at end \
          where id = $1 and state = $2",
    )
    .bind(tracked.entry)
    .bind(tracked.standing.state.as_str())
    .bind(to.state.as_str())
    .bind(to.reason.as_ref())
    .bind(known.sent)
    .bind(known.received)
    .bind(known.accepted.is_some())
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("outbound.follow", done.rows_affected())
}

/// A document to send now.
#[derive(Clone, sqlx::FromRow)]
pub struct Attempt {
    /// The document.
    pub id: Uuid,
    /// The consultation it is about.
    pub consultation: Uuid,
    /// The practice's mailbox.
    pub to_mailbox: String,
    /// MESH subject.
    pub subject: String,
    /// The bytes.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Takes a document whose time has come, and counts the attempt before it is made: an attempt
/// nobody hears of again is an ambiguous one.
pub async fn take_attempt(tx: &mut Tx, resend_after: Duration) -> Result<Option<Attempt>, StorageError> {
    let at = tx.at();
    Ok(sqlx::query_as(
        "/* outbound.take_attempt */ with due as (select o.id, e.consultation from writeback.outbound o \
             join writeback.entry e on e.document = o.id and e.state = 'READY' \
            where o.sent_at is null and o.undelivered is null and o.next_attempt_at <= $1 and o.attempts < $3 \
            order by o.next_attempt_at limit 1 for update of o skip locked) \
         update writeback.outbound o set attempts = o.attempts + 1, attempted_at = $1, next_attempt_at = $2 \
           from due where o.id = due.id returning o.id, due.consultation, o.to_mailbox, o.subject, o.body",
    )
    .bind(at)
    .bind(at + resend_after)
    .bind(MAX_ATTEMPTS)
    .fetch_optional(tx.conn())
    .await?)
}

/// Notes MESH's id of a document it has accepted.
pub async fn name_by_mesh(tx: &mut Tx, id: Uuid, mesh_id: &str) -> Result<(), StorageError> {
    let done = sqlx::query("/* outbound.name_by_mesh */ update writeback.outbound set mesh_id = $2 where id = $1")
        .bind(id)
        .bind(mesh_id)
        .execute(tx.conn())
        .await?;
    exactly_one("outbound.name_by_mesh", done.rows_affected())
}

/// Takes back an attempt that certainly did not happen, and tries again later.
pub async fn not_attempted(tx: &mut Tx, id: Uuid, again: OffsetDateTime) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* outbound.not_attempted */ update writeback.outbound set attempts = greatest(attempts - 1, 0), next_attempt_at = $2 \
          where id = $1",
    )
    .bind(id)
    .bind(again)
    .execute(tx.conn())
    .await?;
    exactly_one("outbound.not_attempted", done.rows_affected())
}

/// Since when something has to be missing to be called missing.
#[derive(Debug, Clone, Copy)]
pub struct Overdue {
    /// Sent before this without an infrastructure acknowledgement.
    pub infrastructure: OffsetDateTime,
    /// Sent before this without a business acknowledgement.
    pub business: OffsetDateTime,
}

/// What is missing on a document.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Missing {
    /// The document.
    pub id: Uuid,
    /// Sent as often as is safe, outcome not known.
    pub outcome: bool,
    /// The infrastructure acknowledgement.
    pub receipt: bool,
    /// The business acknowledgement.
    pub acceptance: bool,
}

/// Documents on which something is newly missing.
pub async fn missing(tx: &mut Tx, overdue: Overdue) -> Result<Vec<Missing>, StorageError> {
    let at = tx.at();
    Ok(sqlx::query_as(
        "/* outbound.missing */ select id, outcome, receipt, acceptance from (\
            select o.id, \
              (o.sent_at is null and o.undelivered is null and not o.outcome_unknown and o.attempts >= $3 and o.next_attempt_at <= $4) as outcome, \
              (o.received_at is null and not o.receipt_missing and coalesce(o.sent_at, o.attempted_at) <= $1) as receipt, \
              (not o.acceptance_missing and coalesce(o.sent_at, o.attempted_at) <= $2) as acceptance \
              from writeback.outbound o join writeback.entry e on e.document = o.id \
             where e.state in ('READY', 'SENT', 'DELIVERED') \
                or (e.state = 'NEEDS_ATTENTION' and e.reason in ('SEND_OUTCOME_UNKNOWN', 'ACKNOWLEDGEMENT_MISSING'))) seen \
          where outcome or receipt or acceptance limit 50",
    )
    .bind(overdue.infrastructure)
    .bind(overdue.business)
    .bind(MAX_ATTEMPTS)
    .bind(at)
    .fetch_all(tx.conn())
    .await?)
}
