//! SQL, in functions on a transaction.

pub mod consultations;
pub mod cost_centres;
pub mod housekeeping;
pub mod prescriptions;
pub mod sending;

use ehub_identifiers::OdsCode;
use ehub_postgres::StorageError;

/// A code that was checked when it was written.
fn ods(table: &'static str, text: &str) -> Result<OdsCode, StorageError> {
    OdsCode::parse(text).map_err(|_| StorageError::Inconsistent { table, what: "ODS code" })
}
