//! ITK3 responses: the infrastructure and business acknowledgements of a message.

mod build;
mod code;
mod parse;

use std::fmt;

use time::OffsetDateTime;

pub use code::{
    DUPLICATE_DOCUMENT, DUPLICATE_MESSAGE, PATIENT_DECEASED, PATIENT_KNOWN, PATIENT_MOVED, ResponseCode, ResponseKind,
    SUCCESS,
};

use crate::envelope::{EVENT_RESPONSE, Envelope, Handling};
use crate::error::MessageError;
use crate::people::Organisation;
use crate::xml;

/// One finding of a response.
#[derive(Clone, PartialEq, Eq)]
pub struct Issue {
    /// The national code.
    pub code: ResponseCode,
    /// The receiver's own words; free text, so not shown in `Debug`.
    pub diagnostics: Option<String>,
}

impl fmt::Debug for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issue").field("code", &self.code).finish_non_exhaustive()
    }
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The outside of the message; its handling carries the request's sender reference.
    pub envelope: Envelope,
    /// `MessageHeader.response.identifier`: the id the response says it answers.
    pub request_id: Option<String>,
    /// `MessageHeader.response.code` is `ok`.
    pub ok: bool,
    /// Findings; empty when the receiver gave no code.
    pub issues: Vec<Issue>,
}

/// What an answer needs beside the request it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// New `Bundle.identifier`.
    pub bundle_id: String,
    /// New `MessageHeader.id`.
    pub header_id: String,
    /// Time of the answer.
    pub sent_at: OffsetDateTime,
    /// The answering organisation.
    pub sender: Organisation,
    /// Its MESH mailbox.
    pub source_mailbox: String,
    /// National response code; the layer follows from it.
    pub code: u32,
    /// Free text for the sender's staff.
    pub diagnostics: Option<String>,
}

impl Response {
    /// Reads a response.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        parse::response(&xml::parse(bytes)?)
    }

    /// Writes the response.
    pub fn to_xml(&self) -> Vec<u8> {
        xml::to_bytes(&build::response(self))
    }

    /// The answer to `request`. It asks for no acknowledgement itself and echoes the sender reference.
    pub fn to(request: &Envelope, reply: Reply) -> Self {
        let code = ResponseCode::read(reply.code, false);
        Self {
            envelope: Envelope {
                bundle_id: reply.bundle_id,
                header_id: reply.header_id,
                event: EVENT_RESPONSE.to_owned(),
                sent_at: Some(reply.sent_at),
                sender: Some(reply.sender),
                source_mailbox: Some(reply.source_mailbox),
                handling: Handling {
                    sender_reference: request.handling.sender_reference.clone(),
                    ..Handling::default()
                },
            },
            request_id: Some(request.header_id.clone()),
            ok: code.positive,
            issues: vec![Issue { code, diagnostics: reply.diagnostics }],
        }
    }

    /// The reference of the message this answers: the key for matching.
    pub fn sender_reference(&self) -> Option<&str> {
        self.envelope.handling.sender_reference.as_deref()
    }

    /// The deciding code: the first negative one, else the first.
    pub fn code(&self) -> Option<ResponseCode> {
        let codes = || self.issues.iter().map(|issue| issue.code);
        codes().find(|code| !code.positive).or_else(|| codes().next())
    }

    /// The layer that answered; `None` without a code.
    pub fn kind(&self) -> Option<ResponseKind> {
        self.code().map(|code| code.kind())
    }

    /// An acceptance without contradiction: header says `ok` and every code is positive. Anything else, including a
    /// response without a code, is for a person to look at.
    pub fn is_positive(&self) -> bool {
        self.ok && !self.issues.is_empty() && self.issues.iter().all(|issue| issue.code.positive)
    }
}

#[cfg(test)]
#[path = "response/tests.rs"]
mod tests;
