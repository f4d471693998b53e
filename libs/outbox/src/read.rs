//! Reading what a subscriber has not had yet.

use ehub_postgres::{Db, StorageError};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

/// One row of the outbox.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Row {
    pub id: i64,
    pub xid: String,
    pub shard_group: i16,
    pub stream: Uuid,
    pub version: i64,
    pub kind: String,
    pub body: Vec<u8>,
    pub event: Uuid,
    pub consultation: Option<Uuid>,
    pub traceparent: Option<String>,
    pub at: OffsetDateTime,
    /// Whether the stream is held back from this subscriber: the cursor passes it.
    pub held: bool,
    /// Whether two people decided to leave it out for this subscriber.
    pub skipped: bool,
}

impl Row {
    /// Where it stands in the order of the cursors.
    pub fn position(&self) -> (u64, i64) {
        // Unwrap safety: an xid8 is printed as a 64-bit number.
        (self.xid.parse().expect("an xid8 is a 64-bit number"), self.id)
    }
}

/// What lies after the cursors of the groups this relay leases, and below the oldest transaction
/// still running: only there can nothing appear any more (`xid` order alone loses events).
pub(crate) async fn after_cursors(
    db: &Db,
    subscriber: &str,
    lease: Uuid,
    limit: i64,
) -> Result<Vec<Row>, StorageError> {
    let mut conn = db.lend().await?;
    let found = sqlx::query_as(
        "/* outbox.after_cursors */ \
         select o.id, o.xid::text as xid, o.shard_group, o.stream, o.version, o.kind, o.body, o.event, o.consultation, o.traceparent, o.at, \
                exists (select from ehub.outbox_held h where h.subscriber = $1 and h.stream = o.stream) as held, \
                exists (select from ehub.outbox_skip s where s.subscriber = $1 and s.stream = o.stream \
                         and s.version = o.version and s.confirmed_at is not null) as skipped \
           from ehub.outbox_cursor c \
          cross join lateral (\
                select * from ehub.outbox o \
                 where o.shard_group = c.shard_group and (o.xid, o.id) > (c.xid, c.id) \
                   and o.xid < pg_snapshot_xmin(pg_current_snapshot()) \
                 order by o.xid, o.id limit $3) o \
          where c.subscriber = $1 and c.lease_token = $2 and c.lease_until > ehub.app_now()",
    )
    .bind(subscriber)
    .bind(lease)
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?;
    conn.give_back();
    Ok(found)
}

/// Until when everything committed has been delivered, but for what a consultation's stream holds
/// back: `looked`, or the time of the oldest event still to come. Nothing when that cannot be said:
/// another relay has some of the groups, or more waits than is worth counting.
///
/// Events of no consultation (the register) count while they are held, because what rests on them
/// must go stale.
pub(crate) async fn delivered_until(
    db: &Db,
    subscriber: &str,
    lease: Uuid,
    looked: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StorageError> {
    let mut conn = db.lend().await?;
    let found = sqlx::query_scalar(
        "/* outbox.delivered_until */ \
         with pending as (select c.shard_group, o.at from ehub.outbox_cursor c cross join lateral (\
                select at from ehub.outbox o \
                 where o.shard_group = c.shard_group and (o.xid, o.id) > (c.xid, c.id) \
                 order by o.xid, o.id limit 1000) o \
              where c.subscriber = $1), \
              held as (select min(o.at) as oldest from ehub.outbox_held h \
                join ehub.outbox o on o.stream = h.stream and o.version >= h.version \
              where h.subscriber = $1 and o.consultation is null) \
         select least($3, (select min(at) from pending), (select oldest from held)) \
          where 16 = (select count(*) from ehub.outbox_cursor c \
                       where c.subscriber = $1 and c.lease_token = $2 and c.lease_until > ehub.app_now()) \
            and not exists (select from pending group by shard_group having count(*) >= 1000)",
    )
    .bind(subscriber)
    .bind(lease)
    .bind(looked)
    .fetch_optional(&mut *conn)
    .await?;
    conn.give_back();
    Ok(found)
}

/// Takes or keeps the lease on every group nobody else has; gives how many are held now.
pub(crate) async fn lease(db: &Db, subscriber: &str, lease: Uuid, seconds: f64) -> Result<u64, StorageError> {
    let mut conn = db.lend().await?;
    let done = sqlx::query(
        "/* outbox.lease */ update ehub.outbox_cursor \
            set lease_token = $2, lease_until = ehub.app_now() + make_interval(secs => $3) \
          where subscriber = $1 and (lease_token = $2 or lease_until is null or lease_until < ehub.app_now())",
    )
    .bind(subscriber)
    .bind(lease)
    .bind(seconds)
    .execute(&mut *conn)
    .await?;
    conn.give_back();
    Ok(done.rows_affected())
}

/// Gives the leases back, so that a successor need not wait for them to expire.
pub(crate) async fn release(db: &Db, subscriber: &str, lease: Uuid) -> Result<(), StorageError> {
    let mut conn = db.lend().await?;
    sqlx::query(
        "/* outbox.release */ update ehub.outbox_cursor set lease_token = null, lease_until = null \
          where subscriber = $1 and lease_token = $2",
    )
    .bind(subscriber)
    .bind(lease)
    .execute(&mut *conn)
    .await?;
    conn.give_back();
    Ok(())
}

/// Makes the sixteen cursors of a subscriber, once.
pub(crate) async fn ensure_cursors(db: &Db, subscriber: &str) -> Result<(), StorageError> {
    let mut conn = db.lend().await?;
    sqlx::query(
        "/* outbox.ensure_cursors */ insert into ehub.outbox_cursor (subscriber, shard_group) \
         select $1, g from generate_series(0, 15) g on conflict do nothing",
    )
    .bind(subscriber)
    .execute(&mut *conn)
    .await?;
    conn.give_back();
    Ok(())
}

/// The incarnation of this database.
pub(crate) async fn incarnation(db: &Db) -> Result<i64, StorageError> {
    let mut conn = db.lend().await?;
    let found = sqlx::query_scalar("/* outbox.incarnation */ select number from ehub.incarnation")
        .fetch_one(&mut *conn)
        .await?;
    conn.give_back();
    Ok(found)
}
