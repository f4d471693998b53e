//! Telling messages apart before reading them.

use crate::envelope::{self, EVENT_RESPONSE, EVENT_SEND_DOCUMENT, Envelope};
use crate::online_consultation;
use crate::stu3::index::Index;
use crate::xml;

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageKind {
    /// An online consultation report.
    OnlineConsultation,
    /// An infrastructure or business acknowledgement.
    Response,
    /// Another document, such as a consultation report.
    SendDocument,
    /// Anything else, in a few words without content: the event code, or why it is not an ITK3 message.
    Other(String),
}

/// Looks at a message. Never fails: what cannot be read is [`MessageKind::Other`].
pub fn sniff(bytes: &[u8]) -> MessageKind {
    let root = match xml::parse(bytes) {
        Ok(root) => root,
        Err(error) => return MessageKind::Other(error.to_string()),
    };
    let envelope = match envelope::read(&root, &mut Vec::new()) {
        Ok(envelope) => envelope,
        Err(error) => return MessageKind::Other(error.to_string()),
    };
    match envelope.event.as_str() {
        EVENT_RESPONSE => MessageKind::Response,
        EVENT_SEND_DOCUMENT => {
            let composition = Index::of(&root).first("Composition");
            if names_online_consultation(&envelope)
                || composition.is_some_and(online_consultation::is_online_consultation)
            {
                MessageKind::OnlineConsultation
            } else {
                MessageKind::SendDocument
            }
        }
        event => MessageKind::Other(event.chars().filter(char::is_ascii_alphanumeric).take(16).collect()),
    }
}

fn names_online_consultation(envelope: &Envelope) -> bool {
    envelope.handling.local_extension.as_deref().is_some_and(|use_case| use_case.contains("OnlineConsultation"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_bytes_are_other() {
        assert!(matches!(sniff(b"%PDF-1.7"), MessageKind::Other(_)));
        assert!(matches!(sniff(b"<Patient/>"), MessageKind::Other(_)));
        assert!(matches!(sniff(b"<Bundle/>"), MessageKind::Other(_)));
    }

    #[test]
    fn other_events_are_named() {
        let xml = b"<Bundle><entry><resource><MessageHeader><id value='1'/><event><code value='ITK014M'/></event>\
            </MessageHeader></resource></entry></Bundle>";
        assert_eq!(sniff(xml), MessageKind::Other("ITK014M".into()));
    }
}
