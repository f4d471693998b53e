//! What can go wrong between us and the database.

use std::{borrow::Cow, error::Error};

/// A failure of storage. What the driver says stays out of the text and out of the chain of causes, which end up in
/// logs: its words quote values, and values are patients' data. SQLSTATE and names of ours say what is needed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot be reached, or gave no connection in time.
    #[error("the database cannot be reached ({})", said(.0))]
    Unavailable(sqlx::Error),
    /// The deadline or the statement timeout passed.
    #[error("the database did not answer in time ({})", said(.0))]
    TimedOut(sqlx::Error),
    /// Row security refused a write.
    #[error("row security refused a write ({})", said(.0))]
    Forbidden(sqlx::Error),
    /// A named unique constraint was violated.
    #[error("the constraint {constraint} was violated")]
    Conflict {
        /// The constraint's name.
        constraint: String,
        /// The driver's error.
        driver: sqlx::Error,
    },
    /// Two transactions collided; the work is run again.
    #[error("two transactions collided ({})", said(.0))]
    Collision(sqlx::Error),
    /// Anything else the database said.
    #[error("the database refused a statement ({})", said(.0))]
    Sql(sqlx::Error),
    /// A row that does not read as what it should be.
    #[error("inconsistent row in {table}: {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// What does not fit.
        what: &'static str,
    },
    /// A change touched another number of rows than one.
    #[error("{what} changed {rows} rows instead of one")]
    NotOneRow {
        /// The statement.
        what: &'static str,
        /// How many rows.
        rows: u64,
    },
}

impl StorageError {
    /// The constraint that was violated, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Conflict { constraint, .. } => Some(constraint),
            _ => None,
        }
    }

    /// What sort of failure, in one word: for metrics.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::TimedOut(_) => "timed_out",
            Self::Forbidden(_) => "forbidden",
            Self::Conflict { .. } => "conflict",
            Self::Collision(_) => "collided",
            Self::Sql(_) | Self::Inconsistent { .. } | Self::NotOneRow { .. } => "failed",
        }
    }

    /// What PostgreSQL called it, if it was PostgreSQL that failed.
    pub(crate) fn sqlstate(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unavailable(error)
            | Self::TimedOut(error)
            | Self::Forbidden(error)
            | Self::Conflict { driver: error, .. }
            | Self::Collision(error)
            | Self::Sql(error) => error.as_database_error()?.code(),
            Self::Inconsistent { .. } | Self::NotOneRow { .. } => None,
        }
    }

    /// Finds a storage failure among an error and its causes.
    pub fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a StorageError> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<StorageError>() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Whether it lies in the moment, and not in what was asked for: the same may work later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::TimedOut(_)) || self.is_collision()
    }

    /// Whether the database was not there: whatever is asked of it now, it will not answer.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether running the whole unit of work again can help: serialization failure, deadlock, or
    /// two writers that took the same version of a stream.
    pub(crate) fn is_collision(&self) -> bool {
        matches!(self, Self::Collision(_)) || self.constraint() == Some("outbox_stream_version")
    }
}

/// What may be said of a driver's error: codes, and names from the schema.
fn said(error: &sqlx::Error) -> String {
    if let Some(database) = error.as_database_error() {
        let code = database.code().unwrap_or_default();
        let named = [database.table(), database.constraint()].into_iter().flatten();
        return named.fold(format!("SQLSTATE {code}"), |text, name| text + ", " + name);
    }
    match error {
        sqlx::Error::ColumnDecode { index, .. } => format!("the column {index} does not read"),
        sqlx::Error::RowNotFound => "no row".to_owned(),
        sqlx::Error::PoolTimedOut => "no connection in time".to_owned(),
        sqlx::Error::PoolClosed => "the pool is closed".to_owned(),
        sqlx::Error::Io(error) => format!("connection: {:?}", error.kind()),
        sqlx::Error::Tls(_) => "TLS".to_owned(),
        sqlx::Error::Protocol(_) => "a message broke off".to_owned(),
        _ => "the driver".to_owned(),
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                // A server that goes away in the middle of a message leaves something that is none.
                sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_)
                | sqlx::Error::BeginFailed
                | sqlx::Error::Io(_)
                | sqlx::Error::Tls(_) => Self::Unavailable(error),
                other => Self::Sql(other),
            };
        };
        match database.code().as_deref() {
            Some("40001" | "40P01") => Self::Collision(error),
            // Cancelled by the statement timeout, by the lock timeout, or for idling in a transaction.
            Some("57014" | "55P03" | "25P03") => Self::TimedOut(error),
            Some("42501") => Self::Forbidden(error),
            // 25006: a demoted primary; 57P0x and 08xxx: shutting down or gone; 53xxx: out of
            // connections, memory or disk.
            Some("25006" | "57P01" | "57P02" | "57P03") => Self::Unavailable(error),
            Some(code) if code.starts_with("08") || code.starts_with("53") => Self::Unavailable(error),
            Some("23505" | "23P01") => {
                let constraint = database.constraint().unwrap_or_default().to_owned();
                Self::Conflict { constraint, driver: error }
            }
            _ => Self::Sql(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_goes_away_half_way_is_an_outage() {
        let error = StorageError::from(sqlx::Error::Protocol("unexpected end of Zebedee".to_owned()));
        assert!(error.is_passing() && matches!(error, StorageError::Unavailable(_)));
        assert_eq!(error.to_string(), "the database cannot be reached (a message broke off)");
    }

    #[test]
    fn what_a_column_holds_is_never_said() {
        let source = serde_json::from_str::<u32>("\"Zebedee\"").expect_err("no number");
        assert!(source.to_string().contains("Zebedee"), "the driver's cause quotes the value");
        let error =
            StorageError::from(sqlx::Error::ColumnDecode { index: "patient".to_owned(), source: source.into() });
        assert_eq!(error.to_string(), "the database refused a statement (the column patient does not read)");
        assert!(error.source().is_none(), "a chain of causes would quote it");
    }
}
