//! What every ITK3 message has around its payload: bundle, header, sender and handling instructions.

mod build;
mod handling;
mod parse;

use time::OffsetDateTime;

pub use handling::{Handling, RecipientType};

pub(crate) use build::{Parts, message};
pub(crate) use parse::{plain, read};

use crate::error::MessageError;
use crate::note::Note;
use crate::people::Organisation;
use crate::xml;

/// Event of a document sent to a practice, online consultations included.
pub const EVENT_SEND_DOCUMENT: &str = "ITK007C";
/// Event of an acknowledgement.
pub const EVENT_RESPONSE: &str = "ITK008M";

/// The outside of a message. It can be read even when the payload cannot, so that the sender gets an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `Bundle.identifier`: the message's identity, the key of de-duplication.
    pub bundle_id: String,
    /// `MessageHeader.id`: what a response names.
    pub header_id: String,
    /// Event code, for example `ITK007C`.
    pub event: String,
    /// Header time, UTC.
    pub sent_at: Option<OffsetDateTime>,
    /// Sending organisation.
    pub sender: Option<Organisation>,
    /// `MessageHeader.source.endpoint`: the sender's MESH mailbox.
    pub source_mailbox: Option<String>,
    /// Handling instructions.
    pub handling: Handling,
}

impl Envelope {
    /// Reads only the outside of a message, with what was forgiven.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Note>), MessageError> {
        let root = xml::parse(bytes)?;
        let mut notes = Vec::new();
        let envelope = read(&root, &mut notes)?;
        Ok((envelope, notes))
    }
}
