//! Responses written and read.

use super::*;
use time::macros::datetime;

fn request() -> Envelope {
    Envelope {
        bundle_id: "b1".into(),
        header_id: "h1".into(),
        event: "ITK007C".into(),
        sent_at: None,
        sender: None,
        source_mailbox: Some("HUB".into()),
        handling: Handling {
            business_ack: true,
            infrastructure_ack: true,
            sender_reference: Some("ref-1".into()),
            ..Handling::default()
        },
    }
}

fn reply(code: u32) -> Response {
    Response::to(
        &request(),
        Reply {
            bundle_id: "b2".into(),
            header_id: "h2".into(),
            sent_at: datetime!(2026-01-02 03:04:05 UTC),
            sender: Organisation { ods_code: "A83008".into(), ..Organisation::default() },
            source_mailbox: "PRACTICE".into(),
            code,
            diagnostics: Some("see list".into()),
        },
    )
}

#[test]
fn another_event_is_refused() {
    let mut message = reply(SUCCESS);
    message.envelope.event = "ITK007C".into();
    assert_eq!(Response::parse(&message.to_xml()), Err(MessageError::WrongEvent { expected: "ITK008M" }));
}

#[test]
fn a_response_without_a_code_is_no_acceptance() {
    let mut message = reply(SUCCESS);
    message.issues.clear();
    let read = Response::parse(&message.to_xml()).unwrap();
    assert!(read.ok && !read.is_positive() && read.kind().is_none());
}

#[test]
fn a_positive_code_under_a_fatal_header_is_no_acceptance() {
    let mut message = reply(SUCCESS);
    message.ok = false;
    assert!(!Response::parse(&message.to_xml()).unwrap().is_positive());
}

#[test]
fn answers_echo_the_sender_reference_and_ask_for_nothing() {
    for code in [SUCCESS, DUPLICATE_MESSAGE, PATIENT_KNOWN, PATIENT_MOVED] {
        let message = reply(code);
        let read = Response::parse(&message.to_xml()).unwrap();
        assert_eq!(read, message);
        assert_eq!(read.sender_reference(), Some("ref-1"));
        assert_eq!(read.request_id.as_deref(), Some("h1"));
        assert_eq!(read.is_positive(), matches!(code, SUCCESS | PATIENT_KNOWN));
        assert!(!read.envelope.handling.business_ack && !read.envelope.handling.infrastructure_ack);
    }
}

#[test]
fn the_layer_follows_from_the_code() {
    assert_eq!(reply(SUCCESS).kind(), Some(ResponseKind::Infrastructure));
    assert_eq!(reply(PATIENT_DECEASED).kind(), Some(ResponseKind::Business));
    assert!(reply(DUPLICATE_DOCUMENT).code().unwrap().is_duplicate());
}

#[test]
fn untidy_responses_are_read() {
    // The shape of a widely used simulator: no identifier system, unresolved details, no sender reference.
    let xml = b"<!-- c --><Bundle xmlns='http://hl7.org/fhir'><identifier><value value='B'/></identifier>\
        <entry><resource><MessageHeader><id value='H'/><event><code value='ITK008M'/></event>\
        <source><endpoint value='X'/></source><response><identifier value='urn:uuid:R'/><code value='ok'/>\
        <details><reference value='urn:uuid:lost'/></details></response></MessageHeader></resource></entry>\
        <entry><resource><OperationOutcome><issue><severity value='information'/><code value='informational'/>\
        <details><coding><code value='20013'/></coding></details></issue></OperationOutcome></resource></entry></Bundle>";
    let read = Response::parse(xml).unwrap();
    assert!(read.is_positive());
    assert_eq!(read.request_id.as_deref(), Some("R"));
}
