//! The document as an ITK3 Send Document message.

use ehub_itk3::{
    Address, DocumentType, EVENT_SEND_DOCUMENT, Encounter, Envelope, Handling, Name, Organisation, Patient,
    Practitioner, RecipientType, SEND_DOCUMENT_USE_CASE, SendDocument, Telecom, systems,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{blocks::narrative, compose::Report, pdf};

/// The hub, as the message names its sender.
#[derive(Debug, Clone)]
pub struct Sender {
    /// ODS code.
    pub ods: String,
    /// Name, when given.
    pub name: Option<String>,
    /// The mailbox acknowledgements go to.
    pub mailbox: String,
}

/// The identifiers of one message: new for each document, stored with it, the same in every send.
#[derive(Debug, Clone, Copy)]
pub struct Identifiers {
    /// Of the inner document.
    pub document: Uuid,
    /// `Bundle.identifier`.
    pub bundle: Uuid,
    /// `MessageHeader.id`.
    pub header: Uuid,
    /// Echoed by acknowledgements.
    pub sender_reference: Uuid,
    /// The document this one completely replaces.
    pub replaces: Option<Uuid>,
}

/// Builds the message of a report.
pub fn message(report: &Report, sender: &Sender, ids: &Identifiers, at: OffsetDateTime) -> SendDocument {
    let (pdf, blocks) = pdf::render(report);
    let mut message = SendDocument {
        envelope: envelope(sender, ids, at),
        document_id: ids.document.to_string(),
        version: report.version,
        replaces: ids.replaces.map(|replaced| replaced.to_string()),
        title: "Consultation report".to_owned(),
        document_type: DocumentType::ClinicalEncounterReport,
        composed_at: report.filed_at,
        // Restricted content never comes this far: receivers refuse it with 20009.
        confidentiality: "N".to_owned(),
        narrative: None,
        patient: patient(report),
        practitioner: Practitioner { sds_user_id: None, name: author_name(&report.author.name), telecom: Vec::new() },
        organisation: Organisation {
            ods_code: report.author.organisation_ods.clone(),
            name: Some(report.hub.0.clone()).filter(|name| !name.is_empty()),
            phone: None,
        },
        encounter: Some(Encounter {
            // 325851000000107 |Consultation| is the code of the GP Connect consultation list; the
            // hub does not record by which channel an answer was given, so nothing narrower is true.
            type_code: "325851000000107".to_owned(),
            type_display: "Consultation".to_owned(),
            start: None,
            end: Some(report.filed_at),
        }),
        pdf,
    };
    // The exact text travels here, whatever the PDF's fonts can print.
    message.narrative = Some(format!("{}\n{}", message.summary(), narrative(&blocks)));
    message
}

fn envelope(sender: &Sender, ids: &Identifiers, at: OffsetDateTime) -> Envelope {
    Envelope {
        bundle_id: ids.bundle.to_string(),
        header_id: ids.header.to_string(),
        event: EVENT_SEND_DOCUMENT.to_owned(),
        sent_at: Some(at),
        sender: Some(Organisation { ods_code: sender.ods.clone(), name: sender.name.clone(), phone: None }),
        source_mailbox: Some(sender.mailbox.clone()),
        handling: Handling {
            business_ack: true,
            infrastructure_ack: true,
            recipient_type: RecipientType::ForAction,
            message_definition: Some(systems::SEND_DOCUMENT_DEFINITION.to_owned()),
            sender_reference: Some(ids.sender_reference.to_string()),
            local_extension: Some(SEND_DOCUMENT_USE_CASE.to_owned()),
        },
    }
}

fn patient(report: &Report) -> Patient {
    let patient = &report.patient;
    let phone = Some(&patient.phone).filter(|phone| !phone.is_empty());
    Patient {
        nhs_number: Some(patient.nhs_number.clone()),
        // `01` number present and verified: nothing else is sent.
        nhs_number_verification: Some("01".to_owned()),
        name: Name {
            family: patient.family.clone(),
            given: patient.given.split_whitespace().map(str::to_owned).collect(),
            prefix: Vec::new(),
        },
        birth_date: Some(patient.birth_date),
        gender: Some(patient.gender.clone()).filter(|gender| !gender.is_empty()),
        telecom: phone
            .map(|phone| Telecom { system: "phone".to_owned(), value: phone.clone(), purpose: Some("home".to_owned()) })
            .into_iter()
            .collect(),
        address: Some(&patient.address)
            .filter(|address| !address.is_empty())
            .map(|address| Address { lines: vec![address.clone()], ..Address::default() }),
        registered_practice: Some(report.practice.1.clone()),
        ..Patient::default()
    }
}

/// A display name split as FHIR wants it: the last word is the family name.
fn author_name(name: &str) -> Name {
    let mut words: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
    let family = words.pop().unwrap_or_else(|| "not named".to_owned());
    Name { family, given: words, prefix: Vec::new() }
}
