//! What allocation makes known, as events of the contract. Pure.
//!
//! Everything about a consultation is in the consultation's stream, the register in the
//! organisation's.

pub mod alerts;
pub mod items;
pub mod register;

use ehub_postgres::Draft;
use prost::Message;
use uuid::Uuid;

/// An event of a consultation's stream.
fn of_consultation(consultation: Uuid, kind: &'static str, body: &impl Message) -> Draft {
    Draft { stream: Some(consultation), kind, body: body.encode_to_vec(), consultation: Some(consultation) }
}
