//! `ehub.root`: what a service holds, as its own migration says.

use ehub_postgres::{StorageError, Tx};
use futures_util::TryStreamExt as _;
use uuid::Uuid;

use crate::{Root, Tally};

/// How many roots a full page holds: a shorter one is the last.
pub const PAGE: usize = 1000;

/// A stretch of roots, counted.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub tally: Tally,
    /// The last id counted, when there may be more after it.
    pub through: Option<Uuid>,
}

/// Counts at most so many roots after an id, or all that are left: one statement and so one snapshot, however many there
/// are, and no more than one of them in memory.
pub(crate) async fn tally(tx: &mut Tx, after: Uuid, most: Option<i64>) -> Result<Stretch, StorageError> {
    // Two statements: what was planned to read all of a table is not used for a part of it.
    const SOME: &str = "/* held.some */ select id, version, state from ehub.root where id > $1 order by id limit $2";
    const ALL: &str = "/* held.all */ select id, version, state from ehub.root where id > $1";
    let mut rows = match most {
        Some(most) => sqlx::query_as(SOME).bind(after).bind(most).fetch(tx.conn()),
        None => sqlx::query_as(ALL).bind(after).fetch(tx.conn()),
    };
    let (mut tally, mut count, mut last) = (Tally::default(), 0, after);
    while let Some(row) = rows.try_next().await? {
        let root = root(row);
        tally.add(&root);
        count += 1;
        last = root.id;
    }
    Ok(Stretch { tally, through: (most == Some(count)).then_some(last) })
}

/// A page of the roots of one shard after an id, up to another.
pub(crate) async fn of_shard(tx: &mut Tx, shard: i32, after: Uuid, through: Uuid) -> Result<Vec<Root>, StorageError> {
    let rows = sqlx::query_as(
        "/* held.of_shard */ select id, version, state from ehub.root \
          where id > $1 and id <= $2 and get_byte(uuid_send(id), 15) = $3 order by id limit $4",
    )
    .bind(after)
    .bind(through)
    .bind(shard)
    .bind(PAGE as i64)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(root).collect())
}

/// A page of the roots of these ids, and of those with an event of a transaction that was not over at a position.
pub(crate) async fn find(
    tx: &mut Tx,
    ids: &[Uuid],
    changed_since: Option<&str>,
    after: Uuid,
) -> Result<Vec<Root>, StorageError> {
    let rows = sqlx::query_as(
        "/* held.find */ with wanted as (select unnest($1::uuid[]) as id union \
           select stream from ehub.outbox \
            where shard_group = any('{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}'::smallint[]) and xid >= $2::text::xid8 and stream <> event) \
         select id, version, state from ehub.root \
          where id = any(array(select w.id from wanted w where w.id > $3)) order by id limit $4",
    )
    .bind(ids)
    .bind(changed_since)
    .bind(after)
    .bind(PAGE as i64)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(root).collect())
}

/// Where a source stands: in which life of its database, and before which transaction all are over, as this
/// transaction's next statement sees it or an earlier one.
pub(crate) async fn position(tx: &mut Tx) -> Result<(i64, String), StorageError> {
    Ok(sqlx::query_as(
        "/* held.position */ select number, pg_snapshot_xmin(pg_current_snapshot())::text from ehub.incarnation",
    )
    .fetch_one(tx.conn())
    .await?)
}

fn root((id, version, state): (Uuid, i64, String)) -> Root {
    Root { id, version, state }
}
