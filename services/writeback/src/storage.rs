//! The SQL of write-back.

pub mod agreement;
pub mod consultation;
pub mod content;
pub mod document;
pub mod entry;
pub mod inbound;
pub mod medicine;
pub mod outbound;
pub mod release;

/// The state a row holds, or what is wrong with it.
fn state(word: &str) -> Result<crate::domain::State, ehub_postgres::StorageError> {
    crate::domain::State::read(word)
        .ok_or(ehub_postgres::StorageError::Inconsistent { table: "writeback.entry", what: "state" })
}
