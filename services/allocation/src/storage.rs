//! Rows. SQL in functions on a transaction; row types stay in here.

pub mod alerts;
pub mod inbox;
pub mod items;
pub mod legs;
pub mod queue;
pub mod register;
pub mod tasks;
pub mod waiting;

use ehub_postgres::{StorageError, Tx};

/// What a claim rests on.
#[derive(Debug, sqlx::FromRow)]
pub struct Basis {
    /// PostgreSQL's time, by which leases are compared.
    pub now: time::OffsetDateTime,
    /// The life of this database.
    pub incarnation: i64,
    /// Whether somebody has heard more of allocation than this database knows: it came back from an older copy, and what it
    /// takes for open may have been answered.
    pub restored: bool,
}

/// What a claim given now would rest on.
pub async fn basis(tx: &mut Tx) -> Result<Basis, StorageError> {
    Ok(sqlx::query_as(
        "/* basis */ select ehub.app_now() as now, number as incarnation, \
                exists (select from ehub.outbox_ahead a left join ehub.outbox_stream s on s.stream = a.stream \
                         where a.heard > coalesce(s.version, 1)) as restored \
           from ehub.incarnation",
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The life of this database, which leads every claim epoch.
pub async fn incarnation(tx: &mut Tx) -> Result<i64, StorageError> {
    Ok(sqlx::query_scalar("/* incarnation */ select number from ehub.incarnation").fetch_one(tx.conn()).await?)
}

/// PostgreSQL's time, by which leases are compared, and the same some seconds later.
pub async fn now(tx: &mut Tx) -> Result<time::OffsetDateTime, StorageError> {
    Ok(sqlx::query_scalar("/* app_now */ select ehub.app_now()").fetch_one(tx.conn()).await?)
}

/// A word, code or id in a row that is none.
pub(crate) fn inconsistent(table: &'static str, what: &'static str) -> StorageError {
    StorageError::Inconsistent { table, what }
}
