//! `allocation.open_item`: the queue.

use ehub_identifiers::{ConsultationId, OrganisationId};
use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;

use crate::{
    domain::{item::WorkItem, queue::Place},
    storage::items,
};

/// Whose items a person may be given: a pool, limited to practices.
#[derive(Debug, Clone)]
pub struct Reach<'a> {
    /// The pool.
    pub pool: OrganisationId,
    /// The person.
    pub subject: &'a str,
    /// Only these practices, by ODS code; `None` sets no limit.
    pub practices: Option<&'a [String]>,
}

/// The rights of one person to work for a pool's practices today. $1 pool, $2 person.
const WORKS_FOR: &str = "a.org = $1 and a.person = $2 and a.capability = 'work' \
     and a.valid_from <= ehub.today() and (a.valid_to is null or a.valid_to > ehub.today())";
/// The practice of a right, by an ODS code that is equal to what follows.
const LISTED_AS: &str = "exists (select from ehub.organisation n where n.org = a.practice and n.ods = ";

/// The practices of a pool a person works for today, as an array made once for the statement, so
/// that the order of the index stays the order of the answer. $1 pool, $2 person, $3 ODS codes.
pub(crate) const WORKED_PRACTICES: &str = const_format::concatcp!(
    "o.practice = any (array(select a.practice from ehub.access a where ",
    WORKS_FOR,
    " and ($3::text[] is null or ",
    LISTED_AS,
    "any ($3)))))"
);

/// Puts an item into its pool's queue, not to be given out before `claimable_at`.
pub async fn put(tx: &mut Tx, item: &WorkItem, place: Place, claimable_at: OffsetDateTime) -> Result<(), StorageError> {
    sqlx::query(
        "/* queue.put */ insert into allocation.open_item \
         (consultation, practice, pool, skill, band, due, promote_at, work_by, claimable_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(item.consultation.uuid())
    .bind(item.practice.org.uuid())
    .bind(item.pool.party.org.uuid())
    .bind(&item.skill)
    .bind(place.band)
    .bind(place.due)
    .bind(place.promote_at)
    .bind(item.work_by)
    .bind(claimable_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes an item out of the queue; it must stand in it.
pub async fn remove(tx: &mut Tx, id: ConsultationId) -> Result<(), StorageError> {
    let done = sqlx::query("/* queue.remove */ delete from allocation.open_item where consultation = $1")
        .bind(id.uuid())
        .execute(tx.conn())
        .await?;
    exactly_one("queue.remove", done.rows_affected())
}

/// How many open items of a practice stand in a pool, as far as it matters: counting stops there, so that an arrival
/// costs the same however long the queue is.
pub async fn ahead(
    tx: &mut Tx,
    pool: OrganisationId,
    practice: OrganisationId,
    most: u32,
) -> Result<u32, StorageError> {
    let count: i64 = sqlx::query_scalar(
        "/* queue.ahead */ select count(*) from \
           (select from allocation.open_item where pool = $1 and practice = $2 limit $3) as counted",
    )
    .bind(pool.uuid())
    .bind(practice.uuid())
    .bind(i64::from(most))
    .fetch_one(tx.conn())
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Whether an item of the queue may be given out now.
pub async fn is_claimable(tx: &mut Tx, id: ConsultationId) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar(
        "/* queue.is_claimable */ select exists (select from allocation.open_item \
          where consultation = $1 and claimable_at <= ehub.app_now())",
    )
    .bind(id.uuid())
    .fetch_one(tx.conn())
    .await?)
}

/// The skills that have something to give, the most pressing first. Locks nothing.
pub async fn pressing_skills(tx: &mut Tx, reach: &Reach<'_>, skills: &[String]) -> Result<Vec<String>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* queue.pressing_skills */ select s.skill from unnest($4::text[]) as s (skill) \
         cross join lateral (select o.band, o.due from allocation.open_item o \
            where o.pool = $1 and o.skill = s.skill and o.claimable_at <= ehub.app_now() and {WORKED_PRACTICES} \
            order by o.band, o.due, o.consultation limit 1) as head \
         order by head.band, head.due, s.skill"
    );
    Ok(sqlx::query_scalar(SQL)
        .bind(reach.pool.uuid())
        .bind(reach.subject)
        .bind(reach.practices)
        .bind(skills)
        .fetch_all(tx.conn())
        .await?)
}

/// Takes the next item of one skill that nobody else is taking out of the queue, and locks it: one walk along the index
/// in the order claims are given out.
pub async fn take_next(tx: &mut Tx, reach: &Reach<'_>, skill: &str) -> Result<Option<WorkItem>, StorageError> {
    // Two statements, because one that asks whether there is a list is planned anew for each claim.
    const PICK: &str = "/* queue.take_next */ with picked as materialized (select o.consultation from allocation.open_item o \
          where o.pool = $1 and o.skill = $3 and o.claimable_at <= ehub.app_now() \
            and o.practice = any (array(select a.practice from ehub.access a where ";
    const TAKE: &str = const_format::concatcp!(
        ")) order by o.band, o.due, o.consultation limit 1 for update of o skip locked), \
         gone as (delete from allocation.open_item o using picked p where o.consultation = p.consultation) \
         select ",
        items::COLUMNS,
        " from picked p join allocation.work_item w on w.consultation = p.consultation for update of w"
    );
    const ANY: &str = const_format::concatcp!(PICK, WORKS_FOR, TAKE);
    const LISTED: &str = const_format::concatcp!(PICK, WORKS_FOR, " and ", LISTED_AS, "any ($4))", TAKE);
    let query = sqlx::query_as(if reach.practices.is_some() { LISTED } else { ANY })
        .bind(reach.pool.uuid())
        .bind(reach.subject)
        .bind(skill);
    let query = match reach.practices {
        Some(listed) => query.bind(listed),
        None => query,
    };
    let row: Option<items::Row> = query.fetch_optional(tx.conn()).await?;
    row.map(WorkItem::try_from).transpose()
}

/// Prefers what has entered its warn window; gives how many.
pub async fn promote(tx: &mut Tx, limit: i64) -> Result<u64, StorageError> {
    let done = sqlx::query(
        "/* queue.promote */ update allocation.open_item set band = 1, due = work_by, promote_at = null \
          where consultation in (select consultation from allocation.open_item \
             where band = 2 and promote_at <= ehub.app_now() order by promote_at limit $1 for update skip locked)",
    )
    .bind(limit)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Lets an item be given out at once: every guard refuses its old grants. Nothing happens when the
/// item has moved on since that epoch.
pub async fn open_now(tx: &mut Tx, id: ConsultationId, epoch: i64) -> Result<(), StorageError> {
    sqlx::query(
        "/* queue.open_now */ update allocation.open_item o set claimable_at = ehub.app_now() from allocation.work_item w \
          where o.consultation = $1 and w.consultation = $1 and w.epoch = $2 and o.claimable_at > ehub.app_now()",
    )
    .bind(id.uuid())
    .bind(epoch)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether an item waits in the queue for its old grant to run out, unless it has moved on since that epoch. What is
/// not seen is taken to wait.
pub async fn waits_since(tx: &mut Tx, id: ConsultationId, epoch: i64) -> Result<bool, StorageError> {
    let waits: Option<bool> = sqlx::query_scalar(
        "/* queue.waits_since */ select coalesce(w.epoch = $2 and o.claimable_at > ehub.app_now(), false) \
           from allocation.work_item w left join allocation.open_item o on o.consultation = w.consultation \
          where w.consultation = $1",
    )
    .bind(id.uuid())
    .bind(epoch)
    .fetch_optional(tx.conn())
    .await?;
    Ok(waits.unwrap_or(true))
}

/// From when on an item of the queue may be given out.
pub async fn claimable_at(tx: &mut Tx, id: ConsultationId) -> Result<OffsetDateTime, StorageError> {
    Ok(sqlx::query_scalar(
        "/* queue.claimable_at */ select claimable_at from allocation.open_item where consultation = $1",
    )
    .bind(id.uuid())
    .fetch_one(tx.conn())
    .await?)
}
