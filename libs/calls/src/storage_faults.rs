//! What storage failures look like to a caller.

use ehub_faults::{Code, Fault};
use ehub_postgres::StorageError;

/// The fault of a storage failure; what is a bug is logged in full and bare on the wire.
pub fn storage_fault(error: &StorageError) -> Fault {
    match error {
        StorageError::Unavailable(_) | StorageError::Collision(_) => {
            tracing::warn!(error = error as &dyn std::error::Error, "database unavailable");
            Fault::unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached; try again")
        }
        StorageError::TimedOut(_) => {
            Fault::new(Code::DeadlineExceeded, "server.ehub", "DEADLINE_EXCEEDED", "the deadline passed")
        }
        StorageError::Forbidden(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "row security refused what the operation allowed");
            Fault::permission_denied("PRACTICE_NOT_ALLOWED", "the caller may not act for this practice")
        }
        other => Fault::internal(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_away_is_worth_a_retry_and_says_nothing_of_itself() {
        let fault = storage_fault(&StorageError::Unavailable(sqlx::Error::PoolTimedOut));
        assert_eq!((fault.code(), fault.reason()), (Code::Unavailable, "DATABASE_UNAVAILABLE"));
        let status = fault.into_status();
        let details = tonic_types::StatusExt::get_error_details(&status);
        assert!(details.retry_info().is_some(), "it says when to try again");
        assert_eq!(status.message(), "the database cannot be reached; try again");
    }
}
