//! Who filled the consultation in.

use std::fmt;

use super::{Name, Telecom};
use crate::stu3::{build, systems};
use crate::xml::Element;

/// How the submitter stands to the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SubmitterKind {
    /// The patient.
    #[default]
    Patient,
    /// A carer or other proxy.
    RelatedPerson,
    /// Staff on the patient's behalf.
    Practitioner,
}

/// The submitter. For the patient the other fields stay empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Submitter {
    /// Patient, proxy or staff.
    pub kind: SubmitterKind,
    /// Relationship code or text, for a proxy.
    pub relationship: Option<String>,
    /// Name, for a proxy or staff.
    pub name: Option<Name>,
    /// How to reach them.
    pub telecom: Vec<Telecom>,
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Submitter {
    pub(crate) fn read(resource: &Element) -> Self {
        let kind = match resource.name.as_str() {
            "RelatedPerson" => SubmitterKind::RelatedPerson,
            "Practitioner" => SubmitterKind::Practitioner,
            _ => return Self::default(),
        };
        let relationship = resource
            .value(&["relationship", "text"])
            .or_else(|| resource.value(&["relationship", "coding", "display"]))
            .or_else(|| resource.value(&["relationship", "coding", "code"]));
        Self {
            kind,
            relationship: relationship.map(str::to_owned),
            name: Name::read(resource).map(|(name, _)| name),
            telecom: Telecom::read_all(resource),
        }
    }

    /// The submitter's own resource; none for the patient, who has one already.
    pub(crate) fn write(&self, id: &str, patient: &str) -> Option<Element> {
        let (kind, patient) = match self.kind {
            SubmitterKind::Patient => return None,
            SubmitterKind::RelatedPerson => ("RelatedPerson", Some(build::reference("patient", patient))),
            SubmitterKind::Practitioner => ("Practitioner", None),
        };
        let relationship = self.relationship.as_ref().filter(|_| self.kind == SubmitterKind::RelatedPerson);
        Some(
            build::resource(kind, id, &systems::care_connect(kind))
                .with_optional(patient)
                .with_optional(
                    relationship.map(|text| Element::new("relationship").with(Element::primitive("text", text))),
                )
                .with_optional(self.name.as_ref().map(|name| name.write("official")))
                .with_all(self.telecom.iter().map(Telecom::write)),
        )
    }
}
