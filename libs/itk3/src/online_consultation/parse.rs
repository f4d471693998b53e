//! Reading an online consultation.

use super::{DOCUMENT_TYPE, Edition, Need, OnlineConsultation, Priority, Statement};
use crate::answer::{self, concept_text, value_text};
use crate::attachment::Attachment;
use crate::envelope::{self, EVENT_SEND_DOCUMENT, plain};
use crate::error::MessageError;
use crate::note::Note;
use crate::people::{Organisation, Patient, Submitter};
use crate::stu3::index::Index;
use crate::stu3::{systems, times};
use crate::xml::Element;

/// SNOMED CT *Comment note*: an Observation that is only free text.
pub(super) const COMMENT_NOTE: &str = "37331000000100";

/// Resources whose coded content is kept as a [`Statement`], so that nothing a patient reported disappears.
const STATEMENTS: [&str; 7] = [
    "Observation",
    "AllergyIntolerance",
    "Condition",
    "FamilyMemberHistory",
    "MedicationStatement",
    "Procedure",
    "Immunization",
];

pub(super) fn consultation(root: &Element) -> Result<OnlineConsultation, MessageError> {
    let mut notes = Vec::new();
    let envelope = envelope::read(root, &mut notes)?;
    if envelope.event != EVENT_SEND_DOCUMENT {
        return Err(MessageError::WrongEvent { expected: EVENT_SEND_DOCUMENT });
    }
    let index = Index::of(root);
    if index.has_duplicate_ids() {
        notes.push(Note::DuplicateIds);
    }
    let composition = index.first("Composition").ok_or(MessageError::Missing { what: "Composition" })?;
    if !is_online_consultation(composition) {
        notes.push(Note::UnexpectedType);
    }
    let patient = patient(composition, &index, &mut notes)?;
    let (pdf, mut attachments) = binaries(composition, &index, &mut notes);
    let responses: Vec<&Element> = index.all("QuestionnaireResponse").collect();
    let mut answers = Vec::new();
    for response in &responses {
        answer::read_all(response, &mut answers, &mut attachments);
    }
    let response_value = |path: &[&str]| responses.iter().find_map(|response| response.value(path));
    Ok(OnlineConsultation {
        edition: if responses.is_empty() { Edition::Report } else { Edition::Structured },
        document_id: index.first("Bundle").and_then(|inner| inner.value(&["identifier", "value"])).map(plain),
        composed_at: composition.value(&["date"]).and_then(times::read_instant),
        authored_at: response_value(&["authored"]).and_then(times::read_instant),
        title: composition.value(&["title"]).map(str::to_owned),
        confidentiality: composition.value(&["confidentiality"]).map(str::to_owned),
        patient,
        submitter: submitter(composition, &responses, &index),
        custodian: index.follow(composition, &["custodian"], "Organization").and_then(Organisation::read),
        priority: priority(&index),
        need: index.all("Task").find_map(need),
        topic: index.all("Encounter").find_map(|encounter| concept_text(encounter.child("reason")?)),
        questionnaire: response_value(&["questionnaire", "identifier", "value"])
            .or_else(|| response_value(&["questionnaire", "reference"]))
            .map(str::to_owned),
        answers,
        free_text: free_text(&index),
        statements: STATEMENTS
            .iter()
            .flat_map(|kind| index.all(kind))
            .filter(|resource| !is_comment(resource))
            .filter_map(statement)
            .collect(),
        narrative: narrative(composition),
        pdf,
        attachments,
        envelope,
        notes,
    })
}

/// By the document's type; some senders code it in a second coding.
pub(crate) fn is_online_consultation(composition: &Element) -> bool {
    let coded = |element: &Element| element.all("coding").any(|coding| coding.value(&["code"]) == Some(DOCUMENT_TYPE));
    composition.child("type").is_some_and(coded)
}

fn patient(composition: &Element, index: &Index<'_>, notes: &mut Vec<Note>) -> Result<Patient, MessageError> {
    let subject = index.follow(composition, &["subject"], "Patient").or_else(|| {
        let mut all = index.all("Patient");
        let only = all.next()?;
        // Guessing between two patients would be a wrong-patient hazard.
        if all.next().is_some() {
            return None;
        }
        notes.push(Note::ReferenceUnresolved);
        Some(only)
    });
    let subject = subject.ok_or(MessageError::Missing { what: "Composition.subject that is a Patient" })?;
    Patient::read(subject, index, notes).ok_or(MessageError::Missing { what: "Patient.name" })
}

/// The PDF is the first section's first entry; otherwise the first PDF anywhere. All others are attachments.
fn binaries(composition: &Element, index: &Index<'_>, notes: &mut Vec<Note>) -> (Option<Vec<u8>>, Vec<Attachment>) {
    let first = index.follow(composition, &["section", "entry"], "Binary");
    let mut pdf = None;
    let mut attachments = Vec::new();
    let others = index.all("Binary").filter(|binary| first.is_none_or(|first| !std::ptr::eq(first, *binary)));
    for binary in first.into_iter().chain(others) {
        match Attachment::read(binary) {
            Some(attachment) if pdf.is_none() && attachment.is_pdf() => pdf = Some(attachment.content),
            Some(attachment) => attachments.push(attachment),
            None => notes.push(Note::AttachmentUnreadable),
        }
    }
    if pdf.is_none() {
        notes.push(Note::PdfMissing);
    }
    (pdf, attachments)
}

/// From the questionnaire's source or author, else the document's author.
fn submitter(composition: &Element, responses: &[&Element], index: &Index<'_>) -> Submitter {
    let candidates = responses
        .iter()
        .flat_map(|response| [(*response, "source"), (*response, "author")])
        .chain([(composition, "author")]);
    for (from, field) in candidates {
        for kind in ["RelatedPerson", "Patient", "Practitioner"] {
            if let Some(found) = index.follow(from, &[field], kind) {
                return Submitter::read(found);
            }
        }
    }
    Submitter::default()
}

fn priority(index: &Index<'_>) -> Option<Priority> {
    ["Task", "ReferralRequest", "ProcedureRequest"]
        .iter()
        .flat_map(|kind| index.all(kind))
        .filter_map(|resource| Priority::from_code(resource.value(&["priority"])?))
        .max()
}

fn need(task: &Element) -> Option<Need> {
    task.child("code")?
        .all("coding")
        .find(|coding| coding.value(&["system"]) == Some(systems::NEED))
        .and_then(|coding| Need::from_code(coding.value(&["code"])?))
}

fn is_comment(resource: &Element) -> bool {
    resource.name == "Observation"
        && resource
            .child("code")
            .is_some_and(|code| code.all("coding").any(|coding| coding.value(&["code"]) == Some(COMMENT_NOTE)))
}

fn free_text(index: &Index<'_>) -> Option<String> {
    let notes: Vec<&str> = index
        .all("Observation")
        .filter(|resource| is_comment(resource))
        .filter_map(|note| note.value(&["valueString"]).or_else(|| note.value(&["comment"])))
        .collect();
    (!notes.is_empty()).then(|| notes.join("\n\n"))
}

fn statement(resource: &Element) -> Option<Statement> {
    let concept = ["code", "medicationCodeableConcept", "vaccineCode", "relationship"]
        .iter()
        .find_map(|name| resource.child(name))?;
    let value = resource.elements().find(|element| element.name.starts_with("value")).and_then(value_text);
    let code = concept
        .all("coding")
        .find(|coding| coding.value(&["system"]) == Some(systems::SNOMED))
        .and_then(|coding| coding.value(&["code"]));
    Some(Statement {
        kind: resource.name.clone(),
        code: code.map(str::to_owned),
        display: concept_text(concept)?,
        value: value.or_else(|| resource.value(&["comment"]).map(str::to_owned)),
    })
}

/// The document's own text, then its sections'.
fn narrative(composition: &Element) -> Option<String> {
    let sections = composition.all("section").filter_map(|section| section.path(&["text", "div"]));
    let texts: Vec<String> = composition
        .path(&["text", "div"])
        .into_iter()
        .chain(sections)
        .map(Element::text)
        .filter(|text| !text.is_empty())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
