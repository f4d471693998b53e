//! Entries.

use ehub_postgres::{StorageError, Tx, exactly_one};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::content::Stored;
use crate::domain::{Author, Content, Entry, SettleAction, Standing, State};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    consultation: Uuid,
    practice_ods: String,
    state: String,
    reason: String,
    version: i64,
    filed_at: OffsetDateTime,
    sent_at: Option<OffsetDateTime>,
    delivered_at: Option<OffsetDateTime>,
    acknowledged_at: Option<OffsetDateTime>,
    content: Option<Json<Stored>>,
    author_subject: String,
    author_name: String,
    author_role: String,
    author_ods: String,
    on_behalf_of_ods: String,
}

impl Row {
    fn into_entry(self) -> Result<Entry, StorageError> {
        Ok(Entry {
            id: self.id,
            consultation: self.consultation,
            practice_ods: self.practice_ods,
            standing: Standing::because(super::state(&self.state)?, self.reason),
            author: Author {
                subject: self.author_subject,
                name: self.author_name,
                role: self.author_role,
                organisation_ods: self.author_ods,
                on_behalf_of_ods: self.on_behalf_of_ods,
            },
            content: self.content.map(|Json(stored)| stored.into_content()).transpose()?,
            version: self.version,
            filed_at: self.filed_at,
            sent_at: self.sent_at,
            delivered_at: self.delivered_at,
            acknowledged_at: self.acknowledged_at,
        })
    }
}

/// What a new entry, or a new version of one, holds.
#[derive(Debug)]
pub struct NewVersion<'a> {
    /// The entry.
    pub entry: Uuid,
    /// Its consultation.
    pub consultation: Uuid,
    /// The practice, by internal id.
    pub practice: Uuid,
    /// The practice, by ODS code.
    pub practice_ods: &'a str,
    /// The author's organisation, by internal id.
    pub author_org: Uuid,
    /// The author.
    pub author: &'a Author,
    /// What is recorded.
    pub content: &'a Content,
    /// The claim it is filed under.
    pub epoch: i64,
    /// Where it stands.
    pub standing: &'a Standing,
    /// 1, or one more than before.
    pub version: i64,
}

/// Writes a new entry. Violates `entry_pkey` when the id was used, `entry_one_open` when another is open.
pub async fn insert(tx: &mut Tx, new: &NewVersion<'_>) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query(
        "/* entry.insert */ insert into writeback.entry (id, consultation, practice, practice_ods, author_org, state, reason, \
           version, claim_epoch, filed_at, open, look_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, $10)",
    )
    .bind(new.entry)
    .bind(new.consultation)
    .bind(new.practice)
    .bind(new.practice_ods)
    .bind(new.author_org)
    .bind(new.standing.state.as_str())
    .bind(new.standing.reason.as_ref())
    .bind(new.version)
    .bind(new.epoch)
    .bind(at)
    .execute(tx.conn())
    .await?;
    insert_version(tx, new).await
}

/// Replaces an open entry by its next version.
pub async fn replace(tx: &mut Tx, new: &NewVersion<'_>) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* entry.replace */ update writeback.entry set state = $3, reason = $4, version = $2, claim_epoch = $5, \
           completed_epoch = null, author_org = $6, filed_at = $7, look_at = $7 \
          where id = $1 and version = $2 - 1 and open",
    )
    .bind(new.entry)
    .bind(new.version)
    .bind(new.standing.state.as_str())
    .bind(new.standing.reason.as_ref())
    .bind(new.epoch)
    .bind(new.author_org)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("entry.replace", done.rows_affected())?;
    insert_version(tx, new).await
}

async fn insert_version(tx: &mut Tx, new: &NewVersion<'_>) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query(
        "/* entry.insert_version */ insert into writeback.entry_version (entry, version, practice, content, author_subject, \
           author_name, author_role, author_ods, on_behalf_of_ods, filed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.entry)
    .bind(new.version)
    .bind(new.practice)
    .bind(Json(Stored::of(new.content)))
    .bind(&new.author.subject)
    .bind(&new.author.name)
    .bind(&new.author.role)
    .bind(&new.author.organisation_ods)
    .bind(&new.author.on_behalf_of_ods)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An entry as it is locked for a change.
#[derive(Debug, Clone)]
pub struct Locked {
    /// Its consultation.
    pub consultation: Uuid,
    /// The practice, by ODS code.
    pub practice_ods: String,
    /// Where it stands.
    pub standing: Standing,
    /// Its version.
    pub version: i64,
    /// Whether it may be replaced.
    pub open: bool,
}

/// Locks an entry the caller may reach.
pub async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Locked>, StorageError> {
    let row: Option<(Uuid, String, String, String, i64, bool)> = sqlx::query_as(
        "/* entry.lock */ select consultation, practice_ods, state, reason, version, open \
           from writeback.entry where id = $1 for update",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    row.map(|(consultation, practice_ods, state, reason, version, open)| {
        let standing = Standing::because(super::state(&state)?, reason);
        Ok(Locked { consultation, practice_ods, standing, version, open })
    })
    .transpose()
}

/// The open entry of a consultation.
pub async fn open_of(tx: &mut Tx, consultation: Uuid) -> Result<Option<Uuid>, StorageError> {
    Ok(sqlx::query_scalar("/* entry.open_of */ select id from writeback.entry where consultation = $1 and open")
        .bind(consultation)
        .fetch_optional(tx.conn())
        .await?)
}

/// Entries that a completion of this epoch may name: not part of an earlier one.
pub async fn of_epoch(tx: &mut Tx, consultation: Uuid, epoch: i64) -> Result<Vec<(Uuid, i64)>, StorageError> {
    Ok(sqlx::query_as(
        "/* entry.of_epoch */ select id, version from writeback.entry \
          where consultation = $1 and (completed_epoch is null or completed_epoch = $2) order by id",
    )
    .bind(consultation)
    .bind(epoch)
    .fetch_all(tx.conn())
    .await?)
}

/// One entry with its content.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<Entry>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "/* entry.get */ select e.id, e.consultation, e.practice_ods, e.state, e.reason, e.version, e.filed_at, e.sent_at, \
           e.delivered_at, e.acknowledged_at, v.content, v.author_subject, v.author_name, v.author_role, v.author_ods, \
           v.on_behalf_of_ods \
           from writeback.entry e join writeback.entry_version v on v.entry = e.id and v.version = e.version where e.id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    row.map(Row::into_entry).transpose()
}

/// What a list is narrowed to, and where it goes on.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this consultation.
    pub consultation: Option<Uuid>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only behind this one, newest first.
    pub after: Option<(OffsetDateTime, Uuid)>,
    /// Only for these practices, by ODS code.
    pub practices: Option<Vec<String>>,
}

/// Entries without content, newest first.
pub async fn list(tx: &mut Tx, filter: &Filter, limit: i64) -> Result<Vec<Entry>, StorageError> {
    let (after_at, after_id) = filter.after.unzip();
    let rows: Vec<Row> = sqlx::query_as(
        "/* entry.list */ select e.id, e.consultation, e.practice_ods, e.state, e.reason, e.version, e.filed_at, e.sent_at, \
           e.delivered_at, e.acknowledged_at, null::jsonb as content, v.author_subject, v.author_name, v.author_role, \
           v.author_ods, v.on_behalf_of_ods \
           from writeback.entry e join writeback.entry_version v on v.entry = e.id and v.version = e.version \
          where ($1::uuid is null or e.consultation = $1) and ($2::text is null or e.state = $2) \
            and ($3::timestamptz is null or (e.filed_at, e.id) < ($3, $4::uuid)) \
            and ($5::text[] is null or e.practice_ods = any($5)) \
          order by e.filed_at desc, e.id desc limit $6",
    )
    .bind(filter.consultation)
    .bind(filter.state.map(State::as_str))
    .bind(after_at)
    .bind(after_id)
    .bind(filter.practices.as_deref())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Row::into_entry).collect()
}

/// Notes what a person did instead.
pub async fn settle(
    tx: &mut Tx,
    id: Uuid,
    expected: State,
    by: (&str, SettleAction, &str),
) -> Result<(), StorageError> {
    let at = tx.at();
    let (subject, action, note) = by;
    let done = sqlx::query(
        "/* entry.settle */ update writeback.entry set state = 'SETTLED', reason = '', open = false, settled_at = $3, \
           settled_by = $4, settled_action = $5, settled_note = $6 where id = $1 and state = $2",
    )
    .bind(id)
    .bind(expected.as_str())
    .bind(at)
    .bind(subject)
    .bind(action.as_str())
    .bind(note)
    .execute(tx.conn())
    .await?;
    exactly_one("entry.settle", done.rows_affected())
}

/// Moves an entry from the state it is expected in.
pub async fn advance(tx: &mut Tx, id: Uuid, expected: State, to: &Standing) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* entry.advance */ update writeback.entry set state = $3, reason = $4, look_at = $5 where id = $1 and state = $2",
    )
    .bind(id)
    .bind(expected.as_str())
    .bind(to.state.as_str())
    .bind(to.reason.as_ref())
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("entry.advance", done.rows_affected())
}
