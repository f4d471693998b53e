//! Consultation reports.

use crate::samples::document;
use ehub_itk3::*;

fn text(message: &SendDocument) -> String {
    String::from_utf8(message.to_xml()).unwrap()
}

#[test]
fn a_report_without_a_pdf_is_refused() {
    let xml = text(&document());
    let content = xml.find("<content value=\"").unwrap() + "<content value=\"".len();
    let end = content + xml[content..].find('"').unwrap();
    let xml = format!("{}!!!{}", &xml[..content], &xml[end..]);
    assert_eq!(
        SendDocument::parse(xml.as_bytes()),
        Err(MessageError::Invalid { what: "Binary", expected: "a base64 encoded PDF" })
    );
}

#[test]
fn an_unknown_document_type_is_refused() {
    let xml = text(&document()).replace("371531000", "325871000000103");
    assert!(matches!(SendDocument::parse(xml.as_bytes()), Err(MessageError::Invalid { what: "Composition.type", .. })));
}

#[test]
fn what_is_written_is_read_back() {
    for document_type in [DocumentType::ClinicalEncounterReport, DocumentType::RemoteHealthCorrespondence] {
        let mut message = document();
        message.document_type = document_type;
        assert!(SendDocument::parse(&message.to_xml()).unwrap() == message);
        assert_eq!(sniff(&message.to_xml()), MessageKind::SendDocument);
    }
}

#[test]
fn a_first_version_replaces_nothing() {
    let mut message = document();
    message.version = 1;
    message.replaces = None;
    message.encounter = None;
    message.narrative = None;
    let read = SendDocument::parse(&message.to_xml()).unwrap();
    assert_eq!((read.version, &read.replaces, &read.encounter), (1, &None, &None));
    // Without a narrative of its own, the national sentence stands in.
    assert_eq!(read.narrative, Some(message.summary()));
}

#[test]
fn the_same_report_has_the_same_bytes_and_the_national_skeleton() {
    let xml = text(&document());
    assert_eq!(xml, text(&document()));
    for expected in [
        "<Bundle xmlns=\"http://hl7.org/fhir\">",
        "ITK-Message-Bundle-1",
        "ITK-MessageHeader-2",
        "Extension-ITK-MessageHandling-2",
        "ITK-Document-Bundle-1",
        "ITK-Attachment-Binary-1",
        "<code value=\"FA\"/>",
        "<relatesTo><code value=\"replaces\"/>",
    ] {
        assert!(xml.contains(expected), "{expected}");
    }
}

#[test]
fn the_subject_line_is_the_national_one() {
    assert_eq!(
        document().mesh_subject(),
        "Consultation report for Ms Ann Zoë O'Neil & <Sons>, NHS Number: 9990000018, seen at Hub, Y01234, Version: 2"
    );
}
