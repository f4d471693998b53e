//! Reading a consultation report, as a practice's system would.

use super::{DocumentType, Encounter, SendDocument};
use crate::attachment::Attachment;
use crate::envelope::{self, EVENT_SEND_DOCUMENT, plain};
use crate::error::MessageError;
use crate::people::{Organisation, Patient, Practitioner};
use crate::stu3::index::Index;
use crate::stu3::times;
use crate::xml::Element;

pub(super) fn document(root: &Element) -> Result<SendDocument, MessageError> {
    let mut notes = Vec::new();
    let envelope = envelope::read(root, &mut notes)?;
    if envelope.event != EVENT_SEND_DOCUMENT {
        return Err(MessageError::WrongEvent { expected: EVENT_SEND_DOCUMENT });
    }
    let index = Index::of(root);
    let composition = index.first("Composition").ok_or(MessageError::Missing { what: "Composition" })?;
    let document_id = index
        .first("Bundle")
        .and_then(|inner| inner.value(&["identifier", "value"]).or_else(|| inner.value(&["id"])))
        .ok_or(MessageError::Missing { what: "document Bundle.identifier" })?;
    let patient = index
        .follow(composition, &["subject"], "Patient")
        .and_then(|patient| Patient::read(patient, &index, &mut notes))
        .ok_or(MessageError::Missing { what: "Composition.subject that is a Patient with a name" })?;
    let practitioner = index.follow(composition, &["author"], "Practitioner");
    let narrative = composition.path(&["text", "div"]).map(Element::text).filter(|text| !text.is_empty());
    Ok(SendDocument {
        document_id: plain(document_id),
        version: composition.value(&["meta", "versionId"]).and_then(|version| version.parse().ok()).unwrap_or(1),
        replaces: replaces(composition),
        title: composition.value(&["title"]).unwrap_or("Consultation report").to_owned(),
        document_type: document_type(composition)?,
        composed_at: composition
            .value(&["date"])
            .and_then(times::read_instant)
            .ok_or(MessageError::Invalid { what: "Composition.date", expected: "a date with time" })?,
        confidentiality: composition.value(&["confidentiality"]).unwrap_or("N").to_owned(),
        narrative,
        patient,
        practitioner: practitioner.map(Practitioner::read).unwrap_or_default(),
        organisation: index
            .follow(composition, &["custodian"], "Organization")
            .and_then(Organisation::read)
            .ok_or(MessageError::Missing { what: "Composition.custodian that is an Organization" })?,
        encounter: index.follow(composition, &["encounter"], "Encounter").and_then(encounter),
        pdf: pdf(composition, &index)?,
        envelope,
    })
}

fn pdf(composition: &Element, index: &Index<'_>) -> Result<Vec<u8>, MessageError> {
    let named = index.follow(composition, &["section", "entry"], "Binary");
    let binary = named.or_else(|| index.first("Binary")).ok_or(MessageError::Missing { what: "Binary" })?;
    match Attachment::read(binary) {
        Some(attachment) if attachment.is_pdf() => Ok(attachment.content),
        _ => Err(MessageError::Invalid { what: "Binary", expected: "a base64 encoded PDF" }),
    }
}

fn replaces(composition: &Element) -> Option<String> {
    let relation = composition.all("relatesTo").find(|relation| relation.value(&["code"]) == Some("replaces"))?;
    relation.value(&["targetIdentifier", "value"]).map(plain)
}

fn document_type(composition: &Element) -> Result<DocumentType, MessageError> {
    let kinds = [DocumentType::ClinicalEncounterReport, DocumentType::RemoteHealthCorrespondence];
    let code = composition.value(&["type", "coding", "code"]);
    kinds
        .into_iter()
        .find(|kind| Some(kind.code()) == code)
        .ok_or(MessageError::Invalid { what: "Composition.type", expected: "371531000 or 149701000000109" })
}

fn encounter(resource: &Element) -> Option<Encounter> {
    let at = |name| resource.value(&["period", name]).and_then(times::read_instant);
    Some(Encounter {
        type_code: resource.value(&["type", "coding", "code"])?.to_owned(),
        type_display: resource.value(&["type", "coding", "display"]).unwrap_or_default().to_owned(),
        start: at("start"),
        end: at("end"),
    })
}
