//! Reading what comes into the mailbox.

use ehub_itk3::{MessageKind, Response, ResponseKind, sniff};
use ehub_mesh::{MessageType, Received};

use crate::{
    domain::Fact,
    operations::apply_inbound::{Finding, Key, Landed},
};

/// A message as it is kept.
pub fn landed(received: Received) -> Landed {
    Landed {
        mesh_id: received.id,
        message_type: match received.message_type {
            MessageType::Data => "DATA",
            MessageType::Report => "REPORT",
        }
        .to_owned(),
        workflow: received.workflow,
        linked_id: received.linked_id,
        status_code: received.status.code,
        status_success: received.status.success,
        body: received.body,
    }
}

/// What a kept message says.
pub fn read(landed: &Landed) -> Finding {
    if landed.message_type == "REPORT" { read_report(landed) } else { read_response(&landed.body) }
}

/// MESH tells that something was not delivered: not collected in five days, or no such mailbox.
fn read_report(landed: &Landed) -> Finding {
    if landed.status_success {
        return Finding::Ignored;
    }
    match &landed.linked_id {
        Some(linked) => {
            let code = landed.status_code.clone().unwrap_or_else(|| "REPORT".to_owned());
            Finding::About(Key::MeshId(linked.clone()), Fact::Undelivered(code))
        }
        None => Finding::Unreadable,
    }
}

fn read_response(body: &[u8]) -> Finding {
    if sniff(body) != MessageKind::Response {
        return Finding::Unreadable;
    }
    let Ok(response) = Response::parse(body) else { return Finding::Unreadable };
    let Some(reference) = response.sender_reference() else { return Finding::Unreadable };
    let key = Key::SenderReference(reference.trim_start_matches("urn:uuid:").to_lowercase());
    Finding::About(key, fact(&response))
}

fn fact(response: &Response) -> Fact {
    // Unwrap safety of the conversion: national codes have five digits.
    let number = |code: u32| i32::try_from(code).unwrap_or(0);
    match (response.code(), response.kind()) {
        (Some(code), Some(ResponseKind::Business)) if response.is_positive() => Fact::Accepted(number(code.code)),
        (Some(code), Some(ResponseKind::Business)) => Fact::Declined(number(code.code)),
        (Some(_), Some(ResponseKind::Infrastructure)) if response.is_positive() => Fact::Received,
        (Some(code), _) => Fact::Refused(number(code.code)),
        // Without a code it proves nothing but that something is wrong.
        (None, _) => Fact::Refused(0),
    }
}

#[cfg(test)]
mod tests {
    use ehub_itk3::{Envelope, Handling, Organisation, Reply};

    use super::*;

    fn request() -> Envelope {
        Envelope {
            bundle_id: "0d1c2b3a-0000-4000-8000-000000000001".into(),
            header_id: "0d1c2b3a-0000-4000-8000-000000000002".into(),
            event: ehub_itk3::EVENT_SEND_DOCUMENT.into(),
            sent_at: Some(time::OffsetDateTime::UNIX_EPOCH),
            sender: None,
            source_mailbox: None,
            handling: Handling {
                sender_reference: Some("0d1c2b3a-0000-4000-8000-000000000003".into()),
                ..Handling::default()
            },
        }
    }

    fn answer(code: u32) -> Landed {
        let reply = Reply {
            bundle_id: "0d1c2b3a-0000-4000-8000-000000000004".into(),
            header_id: "0d1c2b3a-0000-4000-8000-000000000005".into(),
            sent_at: time::OffsetDateTime::UNIX_EPOCH,
            sender: Organisation { ods_code: "A81001".into(), name: None, phone: None },
            source_mailbox: "PRACA001".into(),
            code,
            diagnostics: None,
        };
        landed_with("DATA", Response::to(&request(), reply).to_xml())
    }

    fn landed_with(message_type: &str, body: Vec<u8>) -> Landed {
        Landed {
            mesh_id: "M1".into(),
            message_type: message_type.into(),
            workflow: "GPFED_CONSULT_REPORT_ACK".into(),
            linked_id: None,
            status_code: None,
            status_success: false,
            body,
        }
    }

    #[test]
    fn half_a_response_and_other_messages_are_unreadable() {
        let mut half = answer(20013);
        half.body.truncate(half.body.len() / 2);
        assert_eq!(read(&half), Finding::Unreadable);
        assert_eq!(read(&landed_with("DATA", b"<Bundle/>".to_vec())), Finding::Unreadable);
        assert_eq!(read(&landed_with("REPORT", Vec::new())), Finding::Unreadable);
    }

    #[test]
    fn each_layer_and_sign_has_its_fact() {
        let key = || Key::SenderReference("0d1c2b3a-0000-4000-8000-000000000003".into());
        for (code, fact) in [
            (20013, Fact::Received),
            (20009, Fact::Refused(20009)),
            (30001, Fact::Accepted(30001)),
            (30004, Fact::Accepted(30004)),
            (30003, Fact::Declined(30003)),
        ] {
            assert_eq!(read(&answer(code)), Finding::About(key(), fact));
        }
    }

    #[test]
    fn a_report_names_our_message() {
        let report = Landed {
            linked_id: Some("S1".into()),
            status_code: Some("14".into()),
            ..landed_with("REPORT", Vec::new())
        };
        assert_eq!(read(&report), Finding::About(Key::MeshId("S1".into()), Fact::Undelivered("14".into())));
        assert_eq!(read(&Landed { status_success: true, ..report }), Finding::Ignored);
    }
}
