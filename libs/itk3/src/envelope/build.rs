//! Writing the outside of a message.

use super::Envelope;
use crate::stu3::{build, systems, times};
use crate::xml::Element;

/// What stands in the header beside the envelope's own fields.
pub(crate) struct Parts<'a> {
    /// Display of the event.
    pub event_display: &'a str,
    /// `MessageHeader.response`.
    pub response: Option<Element>,
    /// Ids of the resources in focus.
    pub focus: &'a [String],
    /// The payload's entries.
    pub entries: Vec<Element>,
}

/// The whole message bundle.
pub(crate) fn message(envelope: &Envelope, parts: Parts<'_>) -> Element {
    let sender_id = build::resource_id(&envelope.bundle_id, "sender");
    let sender = envelope.sender.as_ref();
    let sender_entry =
        sender.map(|sender| build::entry(&sender_id, sender.write(&sender_id, systems::HEADER_ORGANIZATION)));
    let header = build::resource("MessageHeader", &envelope.header_id, systems::MESSAGE_HEADER)
        .with(envelope.handling.write())
        .with(build::coding("event", systems::EVENT, &envelope.event, Some(parts.event_display)))
        .with_optional(sender.map(|_| build::reference("sender", &sender_id)))
        .with_optional(envelope.sent_at.map(|at| Element::primitive("timestamp", times::write_instant(at))))
        .with_optional(
            envelope
                .source_mailbox
                .as_ref()
                .map(|mailbox| Element::new("source").with(Element::primitive("endpoint", mailbox))),
        )
        .with_optional(parts.response)
        .with_all(parts.focus.iter().map(|id| build::reference("focus", id)));
    let id = build::resource_id(&envelope.bundle_id, "message");
    let mut bundle = build::bundle(&id, systems::MESSAGE_BUNDLE, "message", &envelope.bundle_id);
    bundle.attributes.push(("xmlns".to_owned(), systems::FHIR.to_owned()));
    bundle.with(build::entry(&envelope.header_id, header)).with_optional(sender_entry).with_all(parts.entries)
}
