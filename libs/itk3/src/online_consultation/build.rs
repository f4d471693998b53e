//! Writing an online consultation in the structured edition of the national guide.

use super::parse::COMMENT_NOTE;
use super::{DOCUMENT_TYPE, OnlineConsultation, Statement};
use crate::answer;
use crate::attachment::{Attachment, PDF};
use crate::envelope::{self, Parts};
use crate::people::{Organisation, SubmitterKind};
use crate::stu3::{build, systems, times};
use crate::xml::Element;

/// SNOMED CT *Encounter using GP online consultation system*.
const ENCOUNTER_TYPE: &str = "149971000000103";
/// SNOMED CT *Miscellaneous record*, the type of the list.
const LIST_TYPE: &str = "826501000000100";

pub(super) fn consultation(message: &OnlineConsultation) -> Element {
    let ids = Ids(&message.envelope.bundle_id);
    let payload = ids.of("payload");
    let document_id = message.document_id.clone().unwrap_or_else(|| ids.of("document"));
    let document =
        build::bundle(&payload, systems::DOCUMENT_BUNDLE, "document", &document_id).with_all(entries(message, &ids));
    envelope::message(
        &message.envelope,
        Parts {
            event_display: "ITK GP Connect Send Document",
            response: None,
            focus: std::slice::from_ref(&payload),
            entries: vec![build::entry(&payload, document)],
        },
    )
}

/// Resource ids of one message.
struct Ids<'a>(&'a str);

impl Ids<'_> {
    fn of(&self, role: &str) -> String {
        build::resource_id(self.0, role)
    }

    fn patient(&self) -> String {
        self.of("patient")
    }

    /// The patient, or the proxy's or staff member's own resource.
    fn submitter(&self, kind: SubmitterKind) -> String {
        match kind {
            SubmitterKind::Patient => self.patient(),
            SubmitterKind::RelatedPerson | SubmitterKind::Practitioner => self.of("submitter"),
        }
    }
}

fn entries(message: &OnlineConsultation, ids: &Ids<'_>) -> Vec<Element> {
    let mut resources: Vec<(String, Element)> = vec![(ids.of("composition"), composition(message, ids))];
    if let Some(pdf) = &message.pdf {
        let id = ids.of("pdf");
        resources.push((id.clone(), Attachment::write(PDF, pdf, &id)));
    }
    let practice = message.patient.registered_practice.as_ref().map(|ods_code| {
        let id = ids.of("practice");
        let practice = Organisation { ods_code: ods_code.clone(), ..Organisation::default() };
        resources.push((id.clone(), practice.write(&id, &systems::care_connect("Organization"))));
        id
    });
    resources.push((ids.patient(), message.patient.write(&ids.patient(), practice.as_deref())));
    let submitter = ids.of("submitter");
    resources.extend(message.submitter.write(&submitter, &ids.patient()).map(|resource| (submitter, resource)));
    if let Some(custodian) = &message.custodian {
        let id = ids.of("custodian");
        resources.push((id.clone(), custodian.write(&id, &systems::care_connect("Organization"))));
    }
    resources.push((ids.of("encounter"), encounter(message, ids)));
    resources.push((ids.of("task"), task(message, ids)));
    if !message.answers.is_empty() || message.authored_at.is_some() {
        resources.push((ids.of("answers"), questionnaire_response(message, ids)));
    }
    if let Some(text) = &message.free_text {
        resources.push((ids.of("comment"), comment(text, message, ids)));
    }
    for (position, statement) in message.statements.iter().enumerate() {
        let id = ids.of(&format!("statement-{position}"));
        resources.push((id.clone(), statement_resource(statement, &id, ids)));
    }
    for (position, attachment) in message.attachments.iter().enumerate() {
        let id = ids.of(&format!("attachment-{position}"));
        resources.push((id.clone(), Attachment::write(&attachment.content_type, &attachment.content, &id)));
    }
    resources.push((ids.of("list"), list(message, ids)));
    resources.into_iter().map(|(id, resource)| build::entry(&id, resource)).collect()
}

fn composition(message: &OnlineConsultation, ids: &Ids<'_>) -> Element {
    let title = message.title.as_deref().unwrap_or("Online consultation report");
    let concept = build::concept(
        "type",
        systems::SNOMED,
        DOCUMENT_TYPE,
        Some("Patient information received using general practitioner online consultation system"),
    );
    let pdf = message.pdf.as_ref().map(|_| build::reference("entry", &ids.of("pdf")));
    let section = Element::new("section").with(Element::primitive("title", title));
    build::resource("Composition", &ids.of("composition"), &systems::care_connect("Composition"))
        .with_optional(message.narrative.as_deref().map(build::narrative))
        .with(Element::primitive("status", "final"))
        .with(concept)
        .with(build::reference("subject", &ids.patient()))
        .with(build::reference("encounter", &ids.of("encounter")))
        .with_optional(message.composed_at.map(|at| Element::primitive("date", times::write_instant(at))))
        .with(build::reference("author", &ids.submitter(message.submitter.kind)))
        .with(Element::primitive("title", title))
        .with_optional(message.confidentiality.as_ref().map(|code| Element::primitive("confidentiality", code)))
        .with_optional(message.custodian.as_ref().map(|_| build::reference("custodian", &ids.of("custodian"))))
        .with(section.with_optional(pdf).with(build::reference("entry", &ids.of("list"))))
}

fn encounter(message: &OnlineConsultation, ids: &Ids<'_>) -> Element {
    let kind = build::concept(
        "type",
        systems::SNOMED,
        ENCOUNTER_TYPE,
        Some("Encounter using general practitioner online consultation system"),
    );
    let topic = message.topic.as_ref().map(|topic| Element::new("reason").with(Element::primitive("text", topic)));
    build::resource("Encounter", &ids.of("encounter"), &systems::care_connect("Encounter"))
        .with(Element::primitive("status", "finished"))
        .with(kind)
        .with(build::reference("subject", &ids.patient()))
        .with_optional(topic)
}

fn task(message: &OnlineConsultation, ids: &Ids<'_>) -> Element {
    build::resource("Task", &ids.of("task"), &systems::care_connect("Task"))
        .with(Element::primitive("status", "requested"))
        .with(Element::primitive("intent", "proposal"))
        .with_optional(message.priority.map(|priority| Element::primitive("priority", priority.code())))
        .with_optional(message.need.map(|need| build::concept("code", systems::NEED, need.code(), None)))
        .with(build::reference("for", &ids.patient()))
        .with(build::reference("context", &ids.of("encounter")))
}

fn questionnaire_response(message: &OnlineConsultation, ids: &Ids<'_>) -> Element {
    let profile = systems::care_connect("QuestionnaireResponse");
    let questionnaire = message
        .questionnaire
        .as_ref()
        .map(|name| Element::new("questionnaire").with(Element::primitive("reference", name)));
    build::resource("QuestionnaireResponse", &ids.of("answers"), &profile)
        .with_optional(questionnaire)
        .with(Element::primitive("status", "completed"))
        .with(build::reference("subject", &ids.patient()))
        .with(build::reference("context", &ids.of("encounter")))
        .with_optional(message.authored_at.map(|at| Element::primitive("authored", times::write_instant(at))))
        .with(build::reference("source", &ids.submitter(message.submitter.kind)))
        .with_all(answer::write_all(&message.answers))
}

/// Preliminary until a clinician has looked at it, as the national guide asks.
fn comment(text: &str, message: &OnlineConsultation, ids: &Ids<'_>) -> Element {
    build::resource("Observation", &ids.of("comment"), &systems::care_connect("Observation"))
        .with(Element::primitive("status", "preliminary"))
        .with(build::concept("code", systems::SNOMED, COMMENT_NOTE, Some("Comment note")))
        .with(build::reference("subject", &ids.patient()))
        .with(build::reference("context", &ids.of("encounter")))
        .with(build::reference("performer", &ids.submitter(message.submitter.kind)))
        .with(Element::primitive("valueString", text))
}

fn statement_resource(statement: &Statement, id: &str, ids: &Ids<'_>) -> Element {
    let concept = |name: &str| match &statement.code {
        Some(code) => build::concept(name, systems::SNOMED, code, Some(&statement.display)),
        None => Element::new(name).with(Element::primitive("text", &statement.display)),
    };
    let (status, name, subject) = match statement.kind.as_str() {
        "AllergyIntolerance" => (("verificationStatus", "unconfirmed"), "code", "patient"),
        "MedicationStatement" => (("status", "active"), "medicationCodeableConcept", "subject"),
        "Immunization" => (("status", "completed"), "vaccineCode", "patient"),
        "Condition" => (("clinicalStatus", "active"), "code", "subject"),
        "FamilyMemberHistory" => (("status", "partial"), "relationship", "patient"),
        _ => (("status", "preliminary"), "code", "subject"),
    };
    let value = statement.value.as_ref().map(|value| match statement.kind.as_str() {
        "Observation" => Element::primitive("valueString", value),
        _ => Element::primitive("comment", value),
    });
    build::resource(&statement.kind, id, &systems::care_connect(&statement.kind))
        .with(Element::primitive(status.0, status.1))
        .with(concept(name))
        .with(build::reference(subject, &ids.patient()))
        .with_optional(value)
}

fn list(message: &OnlineConsultation, ids: &Ids<'_>) -> Element {
    let item = |role: &str| Element::new("entry").with(build::reference("item", &ids.of(role)));
    let statements = (0..message.statements.len()).map(|position| item(&format!("statement-{position}")));
    let attachments = (0..message.attachments.len()).map(|position| item(&format!("attachment-{position}")));
    build::resource("List", &ids.of("list"), &systems::care_connect("List"))
        .with(Element::primitive("status", "current"))
        .with(Element::primitive("mode", "snapshot"))
        .with(build::concept("code", systems::SNOMED, LIST_TYPE, Some("Miscellaneous record")))
        .with(build::reference("subject", &ids.patient()))
        .with_optional((!message.answers.is_empty()).then(|| item("answers")))
        .with_optional(message.free_text.as_ref().map(|_| item("comment")))
        .with_all(statements)
        .with_all(attachments)
}
