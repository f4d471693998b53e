//! Writing a consultation report.

use super::{Encounter, SendDocument};
use crate::attachment::{Attachment, PDF};
use crate::envelope::{self, Parts};
use crate::people::Organisation;
use crate::stu3::{build, systems, times};
use crate::xml::Element;

pub(super) fn document(message: &SendDocument) -> Element {
    let id = |role: &str| build::resource_id(&message.envelope.bundle_id, role);
    let payload = id("payload");
    let practice = message.patient.registered_practice.as_ref().map(|ods_code| {
        let resource = Organisation { ods_code: ods_code.clone(), ..Organisation::default() };
        resource.write(&id("practice"), &systems::care_connect("Organization"))
    });
    let mut resources = vec![
        ("composition", composition(message, &id)),
        ("pdf", Attachment::write(PDF, &message.pdf, &id("pdf"))),
        ("practitioner", message.practitioner.write(&id("practitioner"))),
        ("organisation", message.organisation.write(&id("organisation"), &systems::care_connect("Organization"))),
        ("patient", message.patient.write(&id("patient"), practice.as_ref().map(|_| id("practice")).as_deref())),
    ];
    resources.extend(practice.map(|practice| ("practice", practice)));
    if let Some(encounter) = &message.encounter {
        resources.push(("encounter", encounter_resource(encounter, &id)));
    }
    let document = build::bundle(&payload, systems::DOCUMENT_BUNDLE, "document", &message.document_id)
        .with_all(resources.into_iter().map(|(role, resource)| build::entry(&id(role), resource)));
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

fn composition(message: &SendDocument, id: &dyn Fn(&str) -> String) -> Element {
    let kind = message.document_type;
    let version = Element::new("meta")
        .with(Element::primitive("versionId", message.version.to_string()))
        .with(Element::primitive("profile", systems::care_connect("Composition")));
    let replaces = message.replaces.as_ref().map(|target| {
        let identifier = Element::new("targetIdentifier")
            .with(Element::primitive("system", systems::RFC4122))
            .with(Element::primitive("value", target));
        Element::new("relatesTo").with(Element::primitive("code", "replaces")).with(identifier)
    });
    let narrative = message.narrative.clone().unwrap_or_else(|| message.summary());
    let section = Element::new("section")
        .with(Element::primitive("title", &message.title))
        .with(build::reference("entry", &id("pdf")));
    Element::new("Composition")
        .with(Element::primitive("id", id("composition")))
        .with(version)
        .with(build::narrative(&narrative))
        .with(Element::primitive("status", "final"))
        .with(build::concept("type", systems::SNOMED, kind.code(), Some(kind.display())))
        .with(build::reference("subject", &id("patient")))
        .with_optional(message.encounter.as_ref().map(|_| build::reference("encounter", &id("encounter"))))
        .with(Element::primitive("date", times::write_instant(message.composed_at)))
        .with(build::reference("author", &id("practitioner")))
        .with(Element::primitive("title", &message.title))
        .with(Element::primitive("confidentiality", &message.confidentiality))
        .with(build::reference("custodian", &id("organisation")))
        .with_optional(replaces)
        .with(section)
}

fn encounter_resource(encounter: &Encounter, id: &dyn Fn(&str) -> String) -> Element {
    let end = |name: &str, at: Option<_>| at.map(|at| Element::primitive(name, times::write_instant(at)));
    let period = (encounter.start.is_some() || encounter.end.is_some()).then(|| {
        Element::new("period").with_optional(end("start", encounter.start)).with_optional(end("end", encounter.end))
    });
    build::resource("Encounter", &id("encounter"), &systems::care_connect("Encounter"))
        .with(Element::primitive("status", "finished"))
        .with(build::concept("type", systems::SNOMED, &encounter.type_code, Some(&encounter.type_display)))
        .with(build::reference("subject", &id("patient")))
        .with_optional(period)
        .with(build::reference("serviceProvider", &id("organisation")))
}
