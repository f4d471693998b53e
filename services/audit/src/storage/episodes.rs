//! `audit.consultation`: episodes.

use const_format::concatcp;
use ehub_identifiers::{ConsultationId, OrganisationId, QuarantineId};
use ehub_postgres::{StorageError, Tx, exactly_one};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::episode::Episode;

#[derive(FromRow)]
struct Row {
    episode: i32,
    practice: Option<Uuid>,
    practice_ods: Option<String>,
    quarantined: Option<Uuid>,
    first_contact_at: Option<OffsetDateTime>,
    accepted_at: Option<OffsetDateTime>,
    routed_at: Option<OffsetDateTime>,
    claimed_at: Option<OffsetDateTime>,
    filed_at: Option<OffsetDateTime>,
    answered_at: Option<OffsetDateTime>,
    completed_at: Option<OffsetDateTime>,
    in_time: Option<bool>,
}

impl From<Row> for Episode {
    fn from(row: Row) -> Self {
        Self {
            practice: row.practice.map(OrganisationId::new),
            practice_ods: row.practice_ods,
            quarantined: row.quarantined.map(QuarantineId::new),
            first_contact_at: row.first_contact_at,
            accepted_at: row.accepted_at,
            routed_at: row.routed_at,
            claimed_at: row.claimed_at,
            filed_at: row.filed_at,
            answered_at: row.answered_at,
            completed_at: row.completed_at,
            in_time: row.in_time,
        }
    }
}

/// Reads and locks an episode: the one that is named, or the newest, of which facts that name none are taken to speak.
/// One never heard of is begun. Gives its number too.
pub async fn take(
    tx: &mut Tx,
    consultation: ConsultationId,
    named: Option<u32>,
) -> Result<(u32, Episode), StorageError> {
    if let Some(known) = lock(tx, consultation, named).await? {
        return Ok(known);
    }
    let first = named.unwrap_or(1);
    begin(tx, consultation, first).await?;
    lock(tx, consultation, Some(first))
        .await?
        .ok_or(StorageError::Inconsistent { table: "audit.consultation", what: "an episode" })
}

async fn lock(
    tx: &mut Tx,
    consultation: ConsultationId,
    named: Option<u32>,
) -> Result<Option<(u32, Episode)>, StorageError> {
    const TAKE: &str = "/* episodes.take */ select episode, practice, practice_ods, quarantined, first_contact_at, accepted_at, routed_at, \
                claimed_at, filed_at, answered_at, completed_at, in_time \
           from audit.consultation where consultation = $1 ";
    let query = match named {
        Some(episode) => sqlx::query_as(concatcp!(TAKE, "and episode = $2 for update"))
            .bind(consultation.uuid())
            .bind(number(episode)?),
        None => sqlx::query_as(concatcp!(TAKE, "order by episode desc limit 1 for update")).bind(consultation.uuid()),
    };
    let row: Option<Row> = query.fetch_optional(tx.conn()).await?;
    Ok(row.map(|row| (u32::try_from(row.episode).unwrap_or(1), row.into())))
}

/// Begins an episode, under the practice of its consultation's other episodes.
async fn begin(tx: &mut Tx, consultation: ConsultationId, episode: u32) -> Result<(), StorageError> {
    sqlx::query(
        "/* episodes.begin */ insert into audit.consultation (consultation, episode, practice, practice_ods, heard_at) \
         select $1, $2, o.practice, o.practice_ods, ehub.app_now() from (select 1) one \
           left join lateral (select practice, practice_ods from audit.consultation c \
                 where c.consultation = $1 and c.practice_ods is not null order by c.episode limit 1) o on true \
         on conflict do nothing",
    )
    .bind(consultation.uuid())
    .bind(number(episode)?)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes an episode back, and that something was heard of it.
pub async fn put(tx: &mut Tx, consultation: ConsultationId, episode: u32, known: &Episode) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* episodes.put */ update audit.consultation set practice = $3, practice_ods = $4, quarantined = $5, \
                first_contact_at = $6, accepted_at = $7, routed_at = $8, claimed_at = $9, filed_at = $10, \
                answered_at = $11, completed_at = $12, in_time = $13, heard_at = greatest(heard_at, ehub.app_now()) \
          where consultation = $1 and episode = $2",
    )
    .bind(consultation.uuid())
    .bind(number(episode)?)
    .bind(known.practice.map(|practice| practice.uuid()))
    .bind(&known.practice_ods)
    .bind(known.quarantined.map(|message| message.uuid()))
    .bind(known.first_contact_at)
    .bind(known.accepted_at)
    .bind(known.routed_at)
    .bind(known.claimed_at)
    .bind(known.filed_at)
    .bind(known.answered_at)
    .bind(known.completed_at)
    .bind(known.in_time)
    .execute(tx.conn())
    .await?;
    exactly_one("episodes.put", done.rows_affected())
}

/// Gives all episodes of a consultation its practice: those begun before it was known lack it.
pub async fn spread_practice(tx: &mut Tx, consultation: ConsultationId, known: &Episode) -> Result<(), StorageError> {
    sqlx::query(
        "/* episodes.spread_practice */ update audit.consultation set practice = $2, practice_ods = $3 \
          where consultation = $1 and (practice is null or practice_ods is null)",
    )
    .bind(consultation.uuid())
    .bind(known.practice.map(|practice| practice.uuid()))
    .bind(&known.practice_ods)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives consultations of practices the register did not know at acceptance their practice.
pub async fn place_practices(tx: &mut Tx) -> Result<(), StorageError> {
    sqlx::query(
        "/* episodes.place_practices */ update audit.consultation c set practice = \
                (select o.org from ehub.organisation o where o.ods = c.practice_ods order by o.valid_from desc limit 1) \
          where c.practice is null and exists (select from ehub.organisation o where o.ods = c.practice_ods)",
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn number(episode: u32) -> Result<i32, StorageError> {
    i32::try_from(episode).map_err(|_| StorageError::Inconsistent { table: "audit.consultation", what: "episode" })
}
