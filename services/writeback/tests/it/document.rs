//! The document: the PDF a practice reads, and the message it travels in.

use std::collections::BTreeMap;

use ehub_identifiers::Sctid;
use ehub_itk3::{MessageKind, SendDocument, sniff};
use ehub_writeback::{
    document::{Identifiers, Report, Sender, message, render},
    domain::{Author, CodedItem, Content, Decimal, Heading, ItemKind, Medicine, Observation, Patient, Unit},
};
use time::macros::{date, datetime};
use uuid::Uuid;

pub fn report() -> Report {
    let concept = |id| Sctid::concept(id).expect("a concept");
    let headings = [
        (Heading::Plan, "Penicillin V for 10 days"),
        (Heading::PresentingComplaint, "Sore throat"),
        (Heading::SafetyNet, "Ring if worse (any time)"),
    ];
    let headings: BTreeMap<Heading, String> = headings.into_iter().map(|(key, text)| (key, text.to_owned())).collect();
    let problem = CodedItem {
        kind: ItemKind::Problem,
        concept: concept("90176007"),
        description: None,
        term: "Tonsillitis".into(),
    };
    let temperature = Observation {
        concept: concept("703421000"),
        term: "Temperature".into(),
        value: Decimal::parse("38.2").expect("a number"),
        unit: Unit::parse("Cel").expect("a unit"),
    };
    Report {
        patient: Patient {
            nhs_number: "9990000018".into(),
            family: "O'Neil".into(),
            given: "Ann Zoë".into(),
            birth_date: date!(1980 - 02 - 29),
            gender: "female".into(),
            address: "1 High Street, Leeds".into(),
            phone: "07700900001".into(),
        },
        test_patient: true,
        practice: ("Alder Surgery".into(), "A81001".into()),
        hub: ("Northside Access Hub".into(), "H8H01".into()),
        author: Author {
            subject: "anna".into(),
            name: "Dr Anna Boin".into(),
            role: "gp".into(),
            organisation_ods: "H8H01".into(),
            on_behalf_of_ods: "A81001".into(),
        },
        filed_at: datetime!(2026-03-02 09:00 UTC),
        reference: "ABC-DEF-GHJ".into(),
        content: Content {
            headings,
            items: vec![problem],
            observations: vec![temperature],
            follow_up: "Practice to check in a week".into(),
            fit_note: None,
            hide_from_online_record: true,
        },
        medicines: vec![Medicine {
            code: "39732111000001108".into(),
            name: "Phenoxymethylpenicillin 250mg tablets".into(),
            quantity: "80".into(),
            unit: "tablet".into(),
            dosage: "Two four times a day".into(),
        }],
        open_prescriptions: 0,
        version: 1,
    }
}

/// The text shown, read from the uncompressed content streams: the strings before `Tj`, which are
/// written in parentheses, or in hexadecimal when they are not ASCII.
fn shown(pdf: &[u8]) -> String {
    let latin: String = pdf.iter().map(|byte| char::from(*byte)).collect();
    let strings = latin.lines().filter_map(|line| line.trim().strip_suffix(" Tj"));
    strings.map(|string| literal(string) + "\n").collect()
}

fn literal(string: &str) -> String {
    if let Some(hex) = string.strip_prefix('<') {
        let hex = hex.trim_end_matches('>').as_bytes().chunks(2);
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
        return hex.map(|pair| char::from(byte(pair))).collect();
    }
    let inner = string.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).expect("a string");
    inner.replace("\\(", "(").replace("\\)", ")").replace("\\\\", "\\")
}

#[test]
fn what_cannot_be_printed_is_marked_told_and_kept_exactly_in_the_message() {
    let mut report = report();
    report.content.headings.insert(Heading::History, "Says 王小明 🙂 since Monday, ≥ 3 days".into());
    let (pdf, _) = render(&report);
    let text = shown(&pdf);
    assert!(text.contains("Says [?] [?] since Monday, >= 3 days"), "{text}");
    assert!(text.contains("cannot be printed here"), "{text}");
    let narrative = sent(&report).narrative.expect("a narrative");
    assert!(narrative.contains("Says 王小明 🙂 since Monday, ≥ 3 days"));
}

#[test]
fn the_pdf_says_who_what_and_what_to_do_in_order() {
    let (pdf, _) = render(&report());
    assert!(pdf.starts_with(b"%PDF-"));
    let text = shown(&pdf);
    let mut from = 0;
    for expected in [
        "Consultation report",
        "TEST PATIENT",
        "HIDE this entry",
        "999 000 0018",
        "29-Feb-1980",
        "Alder Surgery (A81001)",
        "Dr Anna Boin, gp, Northside Access Hub (H8H01)",
        "At a glance",
        "Practice to check in a week",
        "Presenting complaint",
        "Observations",
        "Temperature: 38.2 Cel (SNOMED CT 703421000)",
        "Tonsillitis (SNOMED CT 90176007)",
        "Plan",
        "Phenoxymethylpenicillin 250mg tablets, 80 tablet: Two four times a day",
        "Safety netting",
        "Ring if worse (any time)",
        "Page 1 of 1",
    ] {
        let at = text[from..].find(expected);
        from += at.unwrap_or_else(|| panic!("{expected:?} is not there, or not in its place:\n{text}"));
    }
    assert!(!text.contains("cannot be printed"));
}

#[test]
fn many_pages_each_say_whose_they_are() {
    let mut report = report();
    let long = "word ".repeat(4_000);
    report.content.headings.insert(Heading::History, long.chars().take(20_000).collect());
    let (pdf, _) = render(&report);
    let text = shown(&pdf);
    assert!(text.contains("Page 3 of "), "{text}");
    let heads = text.matches("NHS number 999 000 0018, born 29-Feb-1980").count();
    let feet = text.matches("Reference ABC-DEF-GHJ    Page").count();
    assert_eq!(heads + 1, feet);
    assert_eq!(render(&report).0, pdf, "the same report gives the same bytes");
}

pub fn sender() -> Sender {
    Sender { ods: "H8H01".into(), name: Some("Northside Access Hub".into()), mailbox: "HUBWRB01".into() }
}

pub fn ids() -> Identifiers {
    let id = Uuid::from_u128;
    Identifiers { document: id(1), bundle: id(2), header: id(3), sender_reference: id(4), replaces: Some(id(5)) }
}

fn sent(report: &Report) -> SendDocument {
    let message = message(report, &sender(), &ids(), datetime!(2026-03-02 09:20 UTC));
    let bytes = message.to_xml();
    assert_eq!(sniff(&bytes), MessageKind::SendDocument);
    SendDocument::parse(&bytes).expect("reads back")
}

#[test]
fn the_message_reads_back_with_everything_acknowledgements_need() {
    let read = sent(&Report { version: 2, ..report() });
    let handling = &read.envelope.handling;
    assert!(handling.business_ack && handling.infrastructure_ack);
    assert_eq!(handling.sender_reference.as_deref(), Some(Uuid::from_u128(4).to_string().as_str()));
    assert_eq!(read.envelope.bundle_id, Uuid::from_u128(2).to_string());
    assert_eq!(read.envelope.source_mailbox.as_deref(), Some("HUBWRB01"));
    assert_eq!((read.version, read.confidentiality.as_str()), (2, "N"));
    assert_eq!(read.replaces, Some(Uuid::from_u128(5).to_string()));
    assert_eq!(read.patient.registered_practice.as_deref(), Some("A81001"));
    assert!(read.pdf.starts_with(b"%PDF-"));
    let subject = read.mesh_subject();
    assert!(subject.ends_with("seen at Northside Access Hub, H8H01, Version: 2"), "{subject}");
}
