//! `allocation.leg`: one uninterrupted stay with one holder.

use ehub_postgres::{StorageError, Tx, exactly_one};

use crate::domain::item::{Holding, WorkItem};

/// Opens the first leg of an item.
pub async fn open(tx: &mut Tx, item: &WorkItem) -> Result<(), StorageError> {
    let at = tx.at();
    let (kind, holder) = holder(item);
    sqlx::query(
        "/* legs.open */ insert into allocation.leg (consultation, number, practice, episode, holder_kind, holder, since) \
         values ($1, 1, $2, $3, $4, $5, $6)",
    )
    .bind(item.consultation.uuid())
    .bind(item.practice.org.uuid())
    .bind(item.episode)
    .bind(kind)
    .bind(holder)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends the open leg and opens the next with the item's present holder.
pub async fn next(tx: &mut Tx, item: &WorkItem, ended_by: &str) -> Result<(), StorageError> {
    let at = tx.at();
    let (kind, holder) = holder(item);
    let done = sqlx::query(
        "/* legs.next */ with ended as (update allocation.leg set until = $6, ended_by = $7 \
            where consultation = $1 and until is null returning number) \
         insert into allocation.leg (consultation, number, practice, episode, holder_kind, holder, since) \
         select $1, number + 1, $2, $3, $4, $5, $6 from ended",
    )
    .bind(item.consultation.uuid())
    .bind(item.practice.org.uuid())
    .bind(item.episode)
    .bind(kind)
    .bind(holder)
    .bind(at)
    .bind(ended_by)
    .execute(tx.conn())
    .await?;
    exactly_one("legs.next", done.rows_affected())
}

/// Ends the open leg, and no other follows.
pub async fn end(tx: &mut Tx, item: &WorkItem, ended_by: &str) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* legs.end */ update allocation.leg set until = $2, ended_by = $3 where consultation = $1 and until is null",
    )
    .bind(item.consultation.uuid())
    .bind(at)
    .bind(ended_by)
    .execute(tx.conn())
    .await?;
    exactly_one("legs.end", done.rows_affected())
}

fn holder(item: &WorkItem) -> (&'static str, &str) {
    match &item.holding {
        Holding::Claimed(lease) => ("PERSON", &lease.subject),
        _ => (item.pool.kind.as_str(), item.pool.party.ods.as_str()),
    }
}
