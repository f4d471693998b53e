//! SQL on a transaction, and the rows it gives. Nobody else names a table.

pub mod consultation;
pub mod enrolment;
pub mod landed;
pub mod outbound;
pub mod page;
pub mod payload;
pub mod projection;
pub mod quarantine;
pub mod reference;
pub mod related;
pub mod status;
pub mod summary;
pub mod trace;
pub mod waiting;
pub mod withdrawal;

use ehub_postgres::StorageError;

/// A column that does not read as what it should be.
pub(crate) const fn inconsistent(table: &'static str, what: &'static str) -> StorageError {
    StorageError::Inconsistent { table, what }
}
