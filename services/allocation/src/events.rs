//! What allocation makes known, as events of the contract. Pure.
//!
//! Everything about a consultation is in the consultation's stream, the register in the
//! organisation's.

pub mod alerts;
pub mod items;
pub mod register;

use ehub_postgres::Draft;
use prost::Message;
use time::OffsetDateTime;
use uuid::Uuid;

/// An event of a consultation's stream.
fn of_consultation(consultation: Uuid, kind: &'static str, body: &impl Message) -> Draft {
    Draft { stream: Some(consultation), kind, body: body.encode_to_vec(), consultation: Some(consultation) }
}

/// A time on the wire.
#[must_use]
pub fn timestamp(at: OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.unix_timestamp(), nanos: i32::try_from(at.nanosecond()).unwrap_or(0) }
}
