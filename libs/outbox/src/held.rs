//! Streams that wait for one subscriber.

use ehub_postgres::{Db, StorageError};
use sqlx::FromRow;
use uuid::Uuid;

use crate::read::Row;

/// A stream held back: deliveries start again at `version`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Held {
    pub stream: Uuid,
    pub version: i64,
}

/// Held streams of the leased groups whose time has come, those of dead letters excepted. The one
/// that has waited longest for its turn comes first: no stream is starved by older ones.
pub(crate) async fn due(db: &Db, subscriber: &str, lease: Uuid) -> Result<Vec<Held>, StorageError> {
    let mut conn = db.lend().await?;
    let found = sqlx::query_as(
        "/* outbox.held_due */ select h.stream, h.version from ehub.outbox_held h \
           join ehub.outbox_cursor c on c.subscriber = h.subscriber and c.shard_group = get_byte(uuid_send(h.stream), 15) >> 4 \
          where h.subscriber = $1 and not h.dead and h.next_at <= ehub.app_now() \
            and c.lease_token = $2 and c.lease_until > ehub.app_now() \
          order by h.next_at limit 20",
    )
    .bind(subscriber)
    .bind(lease)
    .fetch_all(&mut *conn)
    .await?;
    conn.give_back();
    Ok(found)
}

/// What waits in a held stream, from its version on.
pub(crate) async fn rows(db: &Db, subscriber: &str, held: &Held, limit: i64) -> Result<Vec<Row>, StorageError> {
    let mut conn = db.lend().await?;
    let found = sqlx::query_as(
        "/* outbox.held_rows */ \
         select id, xid::text as xid, shard_group, stream, version, kind, body, event, consultation, traceparent, at, true as held, \
                exists (select from ehub.outbox_skip s where s.subscriber = $4 and s.stream = $1 and s.version = o.version \
                         and s.confirmed_at is not null) as skipped \
           from ehub.outbox o where stream = $1 and version >= $2 order by version limit $3",
    )
    .bind(held.stream)
    .bind(held.version)
    .bind(limit)
    .bind(subscriber)
    .fetch_all(&mut *conn)
    .await?;
    conn.give_back();
    Ok(found)
}

/// How many streams are held, and how many of them are dead letters.
pub(crate) async fn counts(db: &Db, subscriber: &str) -> Result<(i64, i64), StorageError> {
    let mut conn = db.lend().await?;
    let found = sqlx::query_as(
        "/* outbox.held_counts */ select count(*), count(*) filter (where dead) from ehub.outbox_held where subscriber = $1",
    )
    .bind(subscriber)
    .fetch_one(&mut *conn)
    .await?;
    conn.give_back();
    Ok(found)
}
