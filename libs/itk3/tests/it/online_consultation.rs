//! Online consultations, tidy and untidy.

use crate::samples::{PDF, consultation};
use ehub_itk3::*;
use proptest::prelude::*;

fn text(message: &OnlineConsultation) -> String {
    String::from_utf8(message.to_xml()).unwrap()
}

#[test]
fn other_events_are_refused() {
    let xml = text(&consultation()).replace("ITK007C", "ITK014M");
    assert_eq!(OnlineConsultation::parse(xml.as_bytes()), Err(MessageError::WrongEvent { expected: "ITK007C" }));
}

#[test]
fn a_message_without_composition_header_or_patient_is_refused() {
    for (from, to) in [("Composition>", "Basic>"), ("MessageHeader>", "Basic>"), ("Patient>", "Basic>")] {
        let xml = text(&consultation()).replace(from, to);
        let error = OnlineConsultation::parse(xml.as_bytes()).unwrap_err();
        assert!(matches!(error, MessageError::Missing { .. }), "{from}: {error}");
    }
}

#[test]
fn an_unresolved_subject_among_two_patients_is_refused() {
    let xml = text(&consultation());
    let patient = xml.find("<Patient>").unwrap()..xml.find("</Patient>").unwrap() + "</Patient>".len();
    let copy = format!("<entry><resource>{}</resource></entry></Bundle>", &xml[patient]);
    let end = xml.rfind("</Bundle>").unwrap();
    let two = format!("{}{copy}", &xml[..end]);
    let subject = two.find("<subject>").unwrap();
    let broken = two[..subject].to_owned() + &two[subject..].replacen("urn:uuid:", "urn:uuid:ff", 1);
    assert!(matches!(OnlineConsultation::parse(broken.as_bytes()), Err(MessageError::Missing { .. })));
}

#[test]
fn what_is_written_is_read_back() {
    let message = consultation();
    let read = OnlineConsultation::parse(&message.to_xml()).unwrap();
    assert_eq!(read.notes, []);
    assert_eq!(read.answers, message.answers);
    assert_eq!(read.patient.name.family, message.patient.name.family);
    assert!(read == message, "a field was lost");
    assert_eq!(sniff(&message.to_xml()), MessageKind::OnlineConsultation);
}

#[test]
fn the_same_message_has_the_same_bytes() {
    assert_eq!(consultation().to_xml(), consultation().to_xml());
}

#[test]
fn a_bare_report_is_understood() {
    let mut message = consultation();
    message.answers.clear();
    message.authored_at = None;
    message.questionnaire = None;
    message.free_text = None;
    message.statements.clear();
    message.attachments.clear();
    message.edition = Edition::Report;
    // Without a questionnaire the document's author still says who submitted it.
    let read = OnlineConsultation::parse(&message.to_xml()).unwrap();
    assert!(read == message);
}

#[test]
fn departures_are_noted_and_forgiven() {
    let mut message = consultation();
    message.pdf = None;
    message.attachments.clear();
    message.patient.nhs_number = None;
    message.patient.nhs_number_verification = None;
    message.envelope.sent_at = None;
    message.envelope.sender = None;
    message.envelope.handling.sender_reference = None;
    let xml = text(&message)
        .replace("<birthDate value=\"1980-02-29\"/>", "<birthDate value=\"1980\"/>")
        .replace(ONLINE_CONSULTATION_TYPE, "371531000");
    let read = OnlineConsultation::parse(xml.as_bytes()).unwrap();
    for note in [
        Note::PdfMissing,
        Note::NhsNumberMissing,
        Note::TimestampUnreadable,
        Note::SenderUnknown,
        Note::SenderReferenceMissing,
        Note::BirthDateUnreadable,
        Note::UnexpectedType,
    ] {
        assert!(read.notes.contains(&note), "{note}");
    }
    assert_eq!(read.free_text, message.free_text);
}

#[test]
fn a_pdf_outside_the_first_section_is_found() {
    let xml = text(&consultation());
    let section = xml.find("<section>").unwrap();
    let xml = xml[..section].to_owned() + &xml[section..].replacen("<entry><reference", "<entry><lost", 1);
    let read = OnlineConsultation::parse(xml.as_bytes()).unwrap();
    assert_eq!(read.pdf.as_deref(), Some(PDF));
}

#[test]
fn the_envelope_is_read_even_when_the_payload_is_not() {
    let xml = text(&consultation()).replace("Composition>", "Basic>");
    let error = OnlineConsultation::parse(xml.as_bytes()).unwrap_err();
    let (envelope, _) = Envelope::parse(xml.as_bytes()).unwrap();
    assert_eq!(envelope, consultation().envelope);
    assert_eq!(error.response_code(), 20009);
}

#[test]
fn the_subject_line_is_the_national_one() {
    assert_eq!(
        consultation().mesh_subject(),
        "Online consultation report for Ms Ann Zoë O'Neil & <Sons>, NHS Number 9990000018, ODS Code Y01234"
    );
}

#[test]
fn debug_and_errors_hold_no_patient_data() {
    let shown = format!("{:?}", consultation());
    for secret in ["Neil", "9990000018", "Penicillin", "Line one", "Fever"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_survives(free in "[^\u{0}-\u{1f}\u{fffe}\u{ffff}]{1,60}", answer in "[a-z<>&'\"\n é€]{0,30}z") {
        let mut message = consultation();
        let free = free.trim().to_owned();
        prop_assume!(!free.is_empty());
        message.free_text = Some(free);
        message.answers[0].answer = answer.trim().to_owned();
        let read = OnlineConsultation::parse(&message.to_xml()).unwrap();
        prop_assert!(read == message);
    }

    #[test]
    fn damage_never_panics(at in 0usize..8000, with in any::<u8>()) {
        let mut bytes = consultation().to_xml();
        let at = at % bytes.len();
        bytes[at] = with;
        let _ = OnlineConsultation::parse(&bytes);
        let _ = sniff(&bytes);
        extract_text(&bytes);
    }

    #[test]
    fn truncation_never_panics(at in 0usize..8000) {
        let bytes = consultation().to_xml();
        let cut = &bytes[..at % bytes.len()];
        prop_assert!(OnlineConsultation::parse(cut).is_err());
        extract_text(cut);
    }
}
