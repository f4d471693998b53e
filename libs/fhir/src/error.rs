//! Why JSON is not the message it should be. No variant quotes it: it may hold patient data.

use thiserror::Error;

/// The reason a message could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FhirError {
    /// Not JSON.
    #[error("the message must be JSON")]
    NotJson,
    /// Another resource.
    #[error("the message must be a {expected}")]
    WrongResource {
        /// The resource wanted.
        expected: &'static str,
    },
    /// Something the message cannot be understood without.
    #[error("the message has no {what}")]
    Missing {
        /// The element that should be there.
        what: &'static str,
    },
    /// An element is present and cannot be understood.
    #[error("{what} must be {expected}")]
    Invalid {
        /// The element.
        what: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// Items of one prescription differ where EPS wants them equal.
    #[error("{what} must be the same on every item")]
    Inconsistent {
        /// The element.
        what: &'static str,
    },
}
