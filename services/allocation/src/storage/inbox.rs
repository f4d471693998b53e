//! Reading a person's inbox: the open items of their pool, or their own claims.

use ehub_identifiers::OrganisationId;
use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::item::WorkItem,
    storage::{
        items::{COLUMNS, Row},
        queue::{Reach, WORKED_PRACTICES},
    },
};

/// Where a page ended: band (0 for own claims), microseconds of due, consultation.
pub type After = (i16, i64, Uuid);

#[derive(sqlx::FromRow)]
struct Placed {
    band: i16,
    due: OffsetDateTime,
    #[sqlx(flatten)]
    row: Row,
}

/// An item with its place in the order of the inbox.
#[derive(Debug, Clone)]
pub struct InboxItem {
    /// The item.
    pub item: WorkItem,
    /// Its place.
    pub place: After,
}

fn read(rows: Vec<Placed>) -> Result<Vec<InboxItem>, StorageError> {
    rows.into_iter()
        .map(|placed| {
            let item = WorkItem::try_from(placed.row)?;
            let micros = i64::try_from(placed.due.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
            let place = (placed.band, micros, item.consultation.uuid());
            Ok(InboxItem { item, place })
        })
        .collect()
}

fn split(after: Option<After>) -> (Option<i16>, Option<OffsetDateTime>, Option<Uuid>) {
    let due = |micros: i64| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok();
    after.map_or((None, None, None), |(band, micros, id)| (Some(band), due(micros), Some(id)))
}

/// A page of the open items of a pool, in the order they would be claimed.
pub async fn pool(
    tx: &mut Tx,
    reach: &Reach<'_>,
    after: Option<After>,
    size: i64,
) -> Result<Vec<InboxItem>, StorageError> {
    let (band, due, id) = split(after);
    const SQL: &str = const_format::formatcp!(
        "/* inbox.pool */ select o.band, o.due, {COLUMNS} from allocation.open_item o \
           join allocation.work_item w on w.consultation = o.consultation \
          where o.pool = $1 and {WORKED_PRACTICES} \
            and ($4::smallint is null or (o.band, o.due, o.consultation) > ($4, $5, $6)) \
          order by o.band, o.due, o.consultation limit $7"
    );
    let rows: Vec<Placed> = sqlx::query_as(SQL)
        .bind(reach.pool.uuid())
        .bind(reach.subject)
        .bind(reach.practices)
        .bind(band)
        .bind(due)
        .bind(id)
        .bind(size)
        .fetch_all(tx.conn())
        .await?;
    read(rows)
}

/// A page of a person's own claims, most pressing first.
pub async fn mine(
    tx: &mut Tx,
    subject: &str,
    organisation: OrganisationId,
    after: Option<After>,
    size: i64,
) -> Result<Vec<InboxItem>, StorageError> {
    let (band, due, id) = split(after);
    const SQL: &str = const_format::formatcp!(
        "/* inbox.mine */ select 0::smallint as band, w.work_by as due, {COLUMNS} from allocation.work_item w \
          where w.state = 'CLAIMED' and w.claimed_by = $1 and w.claimed_for = $2 \
            and ($3::smallint is null or (w.work_by, w.consultation) > ($4, $5)) \
          order by w.work_by, w.consultation limit $6"
    );
    let rows: Vec<Placed> = sqlx::query_as(SQL)
        .bind(subject)
        .bind(organisation.uuid())
        .bind(band)
        .bind(due)
        .bind(id)
        .bind(size)
        .fetch_all(tx.conn())
        .await?;
    read(rows)
}

/// Ids and versions of what [`pool`] or [`mine`] would give: what changed, without reading it.
pub async fn versions(tx: &mut Tx, reach: &Reach<'_>, mine: bool, size: i64) -> Result<Vec<(Uuid, i64)>, StorageError> {
    if mine {
        return Ok(sqlx::query_as(
            "/* inbox.my_versions */ select consultation, version from allocation.work_item \
              where state = 'CLAIMED' and claimed_by = $1 and claimed_for = $2 order by work_by, consultation limit $3",
        )
        .bind(reach.subject)
        .bind(reach.pool.uuid())
        .bind(size)
        .fetch_all(tx.conn())
        .await?);
    }
    const SQL: &str = const_format::formatcp!(
        "/* inbox.versions */ select w.consultation, w.version from allocation.open_item o \
           join allocation.work_item w on w.consultation = o.consultation \
          where o.pool = $1 and {WORKED_PRACTICES} order by o.band, o.due, o.consultation limit $4"
    );
    Ok(sqlx::query_as(SQL)
        .bind(reach.pool.uuid())
        .bind(reach.subject)
        .bind(reach.practices)
        .bind(size)
        .fetch_all(tx.conn())
        .await?)
}

/// Some items by id, as the caller may see them.
pub async fn some(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<WorkItem>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* inbox.some */ select {COLUMNS} from allocation.work_item w where w.consultation = any ($1)"
    );
    let rows: Vec<Row> = sqlx::query_as(SQL).bind(ids).fetch_all(tx.conn()).await?;
    rows.into_iter().map(WorkItem::try_from).collect()
}
