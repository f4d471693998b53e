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
