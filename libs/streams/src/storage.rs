//! `ehub.outbox_held` and `ehub.outbox_skip`.

use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::operations::{Skip, Which};

/// How many streams a page holds.
const PAGE: i64 = 200;

/// A stream that waits.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct HeldStream {
    pub subscriber: String,
    pub stream: Uuid,
    pub version: i64,
    pub reason: String,
    pub attempts: i32,
    pub since: OffsetDateTime,
    pub dead: bool,
    pub waiting: i64,
    pub kind: Option<String>,
    pub consultation: Option<Uuid>,
    pub proposed_by: Option<String>,
    pub proposed_at: Option<OffsetDateTime>,
    pub skip_reason: Option<String>,
}

/// A stream that waits for a person.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Parked {
    pub version: i64,
    pub consultation: Option<Uuid>,
}

/// A page of what waits, with proposals that still stand.
pub(crate) async fn held(
    tx: &mut Tx,
    parked_only: bool,
    after: &Which,
    proposed_after: OffsetDateTime,
) -> Result<Vec<HeldStream>, StorageError> {
    Ok(sqlx::query_as(
        "/* streams.held */ select h.subscriber, h.stream, h.version, h.reason, h.attempts, h.since, h.dead, \
           (select count(*) from ehub.outbox w where w.stream = h.stream and w.version >= h.version) as waiting, \
           o.kind, o.consultation, s.proposed_by, s.proposed_at, s.reason as skip_reason \
           from ehub.outbox_held h \
           left join ehub.outbox o on o.stream = h.stream and o.version = h.version \
           left join ehub.outbox_skip s on s.subscriber = h.subscriber and s.stream = h.stream and s.version = h.version \
                and s.confirmed_at is null and s.proposed_at > $4 \
          where (h.dead or not $1) and (h.subscriber, h.stream) > ($2, $3) \
          order by h.subscriber, h.stream limit $5",
    )
    .bind(parked_only)
    .bind(&after.subscriber)
    .bind(after.stream)
    .bind(proposed_after)
    .bind(PAGE)
    .fetch_all(tx.conn())
    .await?)
}

/// A stream that waits for a person, kept as it is until the transaction ends.
pub(crate) async fn lock_parked(tx: &mut Tx, which: &Which) -> Result<Option<Parked>, StorageError> {
    Ok(sqlx::query_as(
        "/* streams.lock_parked */ select h.version, \
           (select o.consultation from ehub.outbox o where o.stream = h.stream and o.version = h.version) as consultation \
           from ehub.outbox_held h where h.subscriber = $1 and h.stream = $2 and h.dead for update of h",
    )
    .bind(&which.subscriber)
    .bind(which.stream)
    .fetch_optional(tx.conn())
    .await?)
}

/// Lets the relay deliver it again, at once and as often as any other.
pub(crate) async fn unpark(tx: &mut Tx, which: &Which) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* streams.unpark */ update ehub.outbox_held \
            set dead = false, attempts = 0, next_at = ehub.app_now(), since = ehub.app_now() \
          where subscriber = $1 and stream = $2",
    )
    .bind(&which.subscriber)
    .bind(which.stream)
    .execute(tx.conn())
    .await?;
    exactly_one("streams.unpark", done.rows_affected())
}

/// Who proposed to skip an event, if the proposal still stands.
pub(crate) async fn proposed_by(
    tx: &mut Tx,
    which: &Which,
    version: i64,
    since: OffsetDateTime,
) -> Result<Option<String>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* streams.proposed_by */ select proposed_by from ehub.outbox_skip \
          where subscriber = $1 and stream = $2 and version = $3 and (confirmed_at is not null or proposed_at > $4)",
    )
    .bind(&which.subscriber)
    .bind(which.stream)
    .bind(version)
    .bind(since)
    .fetch_optional(tx.conn())
    .await?)
}

/// Writes a proposal, over one that has lapsed.
pub(crate) async fn propose(tx: &mut Tx, skip: &Skip) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query(
        "/* streams.propose */ insert into ehub.outbox_skip (subscriber, stream, version, reason, proposed_by, proposed_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict on constraint outbox_skip_key do update \
            set reason = excluded.reason, proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at",
    )
    .bind(&skip.which.subscriber)
    .bind(skip.which.stream)
    .bind(skip.version)
    .bind(&skip.reason)
    .bind(&skip.person)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes that a second person agrees: from now on the subscriber gets an empty event in its place.
pub(crate) async fn confirm(tx: &mut Tx, skip: &Skip) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* streams.confirm */ update ehub.outbox_skip set confirmed_by = $4, confirmed_at = $5, confirmed_reason = $6 \
          where subscriber = $1 and stream = $2 and version = $3",
    )
    .bind(&skip.which.subscriber)
    .bind(skip.which.stream)
    .bind(skip.version)
    .bind(&skip.person)
    .bind(at)
    .bind(&skip.reason)
    .execute(tx.conn())
    .await?;
    exactly_one("streams.confirm", done.rows_affected())
}
