//! Messages with every field filled.

use ehub_itk3::*;
use time::macros::{date, datetime};

pub const PDF: &[u8] = b"%PDF-1.7\nsample";

pub fn envelope(use_case: &str) -> Envelope {
    Envelope {
        bundle_id: "0d1c2b3a-0000-4000-8000-000000000001".into(),
        header_id: "0d1c2b3a-0000-4000-8000-000000000002".into(),
        event: EVENT_SEND_DOCUMENT.into(),
        sent_at: Some(datetime!(2026-03-04 09:10:11.5 UTC)),
        sender: Some(Organisation { ods_code: "Y01234".into(), name: Some("Hub".into()), phone: None }),
        source_mailbox: Some("Y01234OT001".into()),
        handling: Handling {
            business_ack: true,
            infrastructure_ack: true,
            recipient_type: RecipientType::ForAction,
            message_definition: Some(systems::SEND_DOCUMENT_DEFINITION.into()),
            sender_reference: Some("0d1c2b3a-0000-4000-8000-000000000003".into()),
            local_extension: Some(use_case.into()),
        },
    }
}

pub fn patient() -> Patient {
    Patient {
        nhs_number: Some("9990000018".into()),
        nhs_number_verification: Some("01".into()),
        name: Name {
            family: "O'Neil & <Sons>".into(),
            given: vec!["Ann".into(), "Zoë".into()],
            prefix: vec!["Ms".into()],
        },
        birth_date: Some(date!(1980 - 02 - 29)),
        gender: Some("female".into()),
        telecom: vec![Telecom { system: "phone".into(), value: "07700900001".into(), purpose: Some("mobile".into()) }],
        address: Some(Address {
            lines: vec!["1 High Street".into(), "Upton".into()],
            city: Some("Leeds".into()),
            district: None,
            postcode: Some("LS1 1AA".into()),
        }),
        registered_practice: Some("A83008".into()),
        language: Some("pl".into()),
        interpreter_required: Some(true),
    }
}

pub fn consultation() -> OnlineConsultation {
    OnlineConsultation {
        envelope: envelope(ONLINE_CONSULTATION_USE_CASE),
        edition: Edition::Structured,
        document_id: Some("0d1c2b3a-0000-4000-8000-000000000004".into()),
        composed_at: Some(datetime!(2026-03-04 09:09:00 UTC)),
        authored_at: Some(datetime!(2026-03-04 09:08:00 UTC)),
        title: Some("Online consultation report".into()),
        confidentiality: Some("N".into()),
        patient: patient(),
        submitter: Submitter {
            kind: SubmitterKind::RelatedPerson,
            relationship: Some("Mother".into()),
            name: Some(Name { family: "Neil".into(), given: vec!["Eve".into()], prefix: vec![] }),
            telecom: vec![Telecom { system: "email".into(), value: "eve@example.org".into(), purpose: None }],
        },
        custodian: Some(Organisation {
            ods_code: "A83008".into(),
            name: Some("Practice".into()),
            phone: Some("0113".into()),
        }),
        priority: Some(Priority::Urgent),
        need: Some(Need::Clinical),
        topic: Some("Cough".into()),
        questionnaire: Some("Questionnaire/cough-2".into()),
        answers: vec![
            answer("1", "How long?", "3 days", None),
            answer("2", "Any of these?", "Fever", Some("386661006")),
            answer("2", "Any of these?", "Rash", None),
        ],
        free_text: Some("Line one\nLine \"two\" & more".into()),
        statements: vec![
            statement("Observation", Some("703421000"), "Temperature", Some("38.2 Cel")),
            statement("AllergyIntolerance", None, "Penicillin", Some("rash")),
            statement("MedicationStatement", Some("322341003"), "Co-codamol 30mg/500mg tablets", None),
        ],
        narrative: Some("Summary line\nSecond line".into()),
        pdf: Some(PDF.to_vec()),
        attachments: vec![Attachment { content_type: "image/jpeg".into(), content: vec![0xFF, 0xD8, 0, 1] }],
        notes: vec![],
    }
}

fn answer(link_id: &str, text: &str, answer: &str, code: Option<&str>) -> Answer {
    let coding =
        code.map(|code| Coding { system: systems::SNOMED.into(), code: code.into(), display: Some(answer.into()) });
    Answer { link_id: link_id.into(), text: text.into(), answer: answer.into(), coding }
}

fn statement(kind: &str, code: Option<&str>, display: &str, value: Option<&str>) -> Statement {
    Statement { kind: kind.into(), code: code.map(Into::into), display: display.into(), value: value.map(Into::into) }
}

pub fn document() -> SendDocument {
    SendDocument {
        envelope: envelope(SEND_DOCUMENT_USE_CASE),
        document_id: "0d1c2b3a-0000-4000-8000-000000000005".into(),
        version: 2,
        replaces: Some("0d1c2b3a-0000-4000-8000-000000000006".into()),
        title: "Consultation report".into(),
        document_type: DocumentType::ClinicalEncounterReport,
        composed_at: datetime!(2026-03-04 10:00 UTC),
        confidentiality: "N".into(),
        narrative: Some("Seen today".into()),
        patient: patient(),
        practitioner: Practitioner {
            sds_user_id: Some("555086689106".into()),
            name: Name { family: "Boin".into(), given: vec!["C".into()], prefix: vec!["Dr".into()] },
            telecom: vec![],
        },
        organisation: Organisation {
            ods_code: "Y01234".into(),
            name: Some("Hub".into()),
            phone: Some("0113 496 0000".into()),
        },
        encounter: Some(Encounter {
            type_code: "325921000000107".into(),
            type_display: "Consultation via video conference".into(),
            start: Some(datetime!(2026-03-04 09:40 UTC)),
            end: Some(datetime!(2026-03-04 09:55 UTC)),
        }),
        pdf: PDF.to_vec(),
    }
}
