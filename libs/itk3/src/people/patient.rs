//! The patient, as the sender knows them.

use std::fmt;

use time::Date;

use super::{Address, Name, Telecom, organisation::ods_code};
use crate::note::Note;
use crate::stu3::index::Index;
use crate::stu3::{build, systems, times};
use crate::xml::Element;

/// A patient. Nothing here has been checked against the demographics service.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Patient {
    /// NHS number as sent, blanks removed; not validated here.
    pub nhs_number: Option<String>,
    /// The sender's verification status of it, `01` verified.
    pub nhs_number_verification: Option<String>,
    /// Name.
    pub name: Name,
    /// Date of birth.
    pub birth_date: Option<Date>,
    /// `male`, `female`, `other` or `unknown`.
    pub gender: Option<String>,
    /// How to reach them.
    pub telecom: Vec<Telecom>,
    /// Current address.
    pub address: Option<Address>,
    /// ODS code of the practice the sender believes them registered with.
    pub registered_practice: Option<String>,
    /// Preferred language code.
    pub language: Option<String>,
    /// Whether an interpreter is needed.
    pub interpreter_required: Option<bool>,
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patient").field("registered_practice", &self.registered_practice).finish_non_exhaustive()
    }
}

impl Patient {
    pub(crate) fn read(resource: &Element, index: &Index<'_>, notes: &mut Vec<Note>) -> Option<Self> {
        let (name, split) = Name::read(resource)?;
        let identifier =
            resource.all("identifier").find(|candidate| candidate.value(&["system"]) == Some(systems::NHS_NUMBER));
        let nhs_number = identifier.and_then(|identifier| identifier.value(&["value"]));
        let birth_date = resource.value(&["birthDate"]).and_then(times::read_date);
        let communication = extension(resource, systems::COMMUNICATION_EXTENSION);
        if split {
            notes.push(Note::NameNotSplit);
        }
        if nhs_number.is_none() {
            notes.push(Note::NhsNumberMissing);
        }
        if birth_date.is_none() {
            notes.push(Note::BirthDateUnreadable);
        }
        Some(Self {
            nhs_number: nhs_number.map(|number| number.split_whitespace().collect()),
            nhs_number_verification: identifier
                .and_then(|identifier| extension(identifier, systems::VERIFICATION_EXTENSION))
                .and_then(|extension| extension.value(&["valueCodeableConcept", "coding", "code"]))
                .map(str::to_owned),
            name,
            birth_date,
            gender: resource.value(&["gender"]).map(str::to_owned),
            telecom: Telecom::read_all(resource),
            address: Address::read(resource),
            registered_practice: registered_practice(resource, index),
            language: communication
                .and_then(|outer| extension(outer, "language"))
                .and_then(|inner| inner.value(&["valueCodeableConcept", "coding", "code"]))
                .or_else(|| resource.value(&["communication", "language", "coding", "code"]))
                .map(str::to_owned),
            interpreter_required: communication
                .and_then(|outer| extension(outer, "interpreterRequired"))
                .and_then(|inner| inner.value(&["valueBoolean"]))
                .map(|required| required == "true"),
        })
    }

    /// The Patient resource; `practice` is the id of the registered practice's Organization resource.
    pub(crate) fn write(&self, id: &str, practice: Option<&str>) -> Element {
        let field = |name: &str, value: &Option<String>| value.as_ref().map(|value| Element::primitive(name, value));
        build::resource("Patient", id, &systems::care_connect("Patient"))
            .with_optional(self.communication())
            .with_optional(self.identifier())
            .with(Element::primitive("active", "true"))
            .with(self.name.write("official"))
            .with_all(self.telecom.iter().map(Telecom::write))
            .with_optional(field("gender", &self.gender))
            .with_optional(self.birth_date.map(|date| Element::primitive("birthDate", times::write_date(date))))
            .with_optional(self.address.as_ref().map(Address::write))
            .with_optional(practice.map(|practice| build::reference("generalPractitioner", practice)))
    }

    fn identifier(&self) -> Option<Element> {
        let number = self.nhs_number.as_ref()?;
        let status = self.nhs_number_verification.as_ref().map(|status| {
            let concept = build::concept("valueCodeableConcept", systems::VERIFICATION_CODES, status, None);
            build::extension(systems::VERIFICATION_EXTENSION, concept)
        });
        Some(
            Element::new("identifier")
                .with_optional(status)
                .with(Element::primitive("system", systems::NHS_NUMBER))
                .with(Element::primitive("value", number)),
        )
    }

    fn communication(&self) -> Option<Element> {
        if self.language.is_none() && self.interpreter_required.is_none() {
            return None;
        }
        let language = self.language.as_ref().map(|code| {
            build::extension("language", build::concept("valueCodeableConcept", systems::LANGUAGE_CODES, code, None))
        });
        let interpreter = self.interpreter_required.map(|required| {
            build::extension("interpreterRequired", Element::primitive("valueBoolean", required.to_string()))
        });
        let outer = Element::new("extension").with_attribute("url", systems::COMMUNICATION_EXTENSION);
        Some(outer.with_optional(language).with_optional(interpreter))
    }
}

/// Through a reference to an Organization, or an identifier in place; the managing organisation stands in.
fn registered_practice(resource: &Element, index: &Index<'_>) -> Option<String> {
    let of = |name| {
        index.follow(resource, &[name], "Organization").and_then(ods_code).or_else(|| ods_code(resource.child(name)?))
    };
    of("generalPractitioner").or_else(|| of("managingOrganization")).map(str::to_owned)
}

fn extension<'a>(element: &'a Element, url: &str) -> Option<&'a Element> {
    element.all("extension").find(|extension| extension.attribute("url") == Some(url))
}
