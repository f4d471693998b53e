//! Reading the outside of a message.

use super::{Envelope, Handling};
use crate::error::MessageError;
use crate::note::Note;
use crate::people::Organisation;
use crate::stu3::index::Index;
use crate::stu3::times;
use crate::xml::Element;

/// Reads the envelope of a parsed message.
pub(crate) fn read(root: &Element, notes: &mut Vec<Note>) -> Result<Envelope, MessageError> {
    if root.name != "Bundle" {
        return Err(MessageError::NotABundle);
    }
    let index = Index::of(root);
    let header = index.first("MessageHeader").ok_or(MessageError::Missing { what: "MessageHeader" })?;
    let entry = root.all("entry").find(|entry| entry.path(&["resource", "MessageHeader"]).is_some());
    if root.child("entry").is_none_or(|first| first.path(&["resource", "MessageHeader"]).is_none()) {
        notes.push(Note::HeaderNotFirst);
    }
    let header_id = header
        .value(&["id"])
        .or_else(|| entry?.value(&["fullUrl"])?.rsplit(':').next())
        .ok_or(MessageError::Missing { what: "MessageHeader.id" })?;
    let event = header.value(&["event", "code"]).ok_or(MessageError::Missing { what: "MessageHeader.event" })?;
    let bundle_id = root.value(&["identifier", "value"]).unwrap_or_else(|| {
        notes.push(Note::BundleIdentifierMissing);
        root.value(&["id"]).unwrap_or(header_id)
    });
    let sent_at = header.value(&["timestamp"]).and_then(times::read_instant);
    if sent_at.is_none() {
        notes.push(Note::TimestampUnreadable);
    }
    let sender = sender(header, &index);
    if sender.is_none() {
        notes.push(Note::SenderUnknown);
    }
    let handling = Handling::read(header).unwrap_or_else(|| {
        notes.push(Note::HandlingMissing);
        Handling::default()
    });
    if handling.sender_reference.is_none() {
        notes.push(Note::SenderReferenceMissing);
    }
    Ok(Envelope {
        bundle_id: plain(bundle_id),
        header_id: plain(header_id),
        event: event.to_owned(),
        sent_at,
        sender,
        source_mailbox: header.value(&["source", "endpoint"]).map(str::to_owned),
        handling,
    })
}

/// Ids are compared, so the optional `urn:uuid:` in front goes.
pub(crate) fn plain(id: &str) -> String {
    id.strip_prefix("urn:uuid:").unwrap_or(id).to_owned()
}

fn sender(header: &Element, index: &Index<'_>) -> Option<Organisation> {
    let organisation = index.follow(header, &["sender"], "Organization");
    organisation.and_then(Organisation::read).or_else(|| Organisation::read(header.child("sender")?))
}
