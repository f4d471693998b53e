//! Organisations by ODS code.

use crate::stu3::{build, systems};
use crate::xml::Element;

/// An organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// ODS code.
    pub ods_code: String,
    /// Name, when given.
    pub name: Option<String>,
    /// Work telephone, when given.
    pub phone: Option<String>,
}

impl Organisation {
    pub(crate) fn read(resource: &Element) -> Option<Self> {
        Some(Self {
            ods_code: ods_code(resource)?.to_owned(),
            name: resource.value(&["name"]).map(str::to_owned),
            phone: resource.value(&["telecom", "value"]).map(str::to_owned),
        })
    }

    pub(crate) fn write(&self, id: &str, profile: &str) -> Element {
        let telecom = self.phone.as_ref().map(|phone| {
            Element::new("telecom")
                .with(Element::primitive("system", "phone"))
                .with(Element::primitive("value", phone))
                .with(Element::primitive("use", "work"))
        });
        build::resource("Organization", id, profile)
            .with(build::identifier(systems::ODS, &self.ods_code))
            .with_optional(self.name.as_ref().map(|name| Element::primitive("name", name)))
            .with_optional(telecom)
    }
}

/// The ODS code among an element's identifiers; an identifier without a system counts when it is the only one.
pub(crate) fn ods_code(resource: &Element) -> Option<&str> {
    let with_system = |system| {
        resource
            .all("identifier")
            .find(move |identifier| identifier.value(&["system"]) == Some(system))
            .and_then(|identifier| identifier.value(&["value"]))
    };
    let lone = || {
        let mut identifiers = resource.all("identifier");
        match (identifiers.next(), identifiers.next()) {
            (Some(only), None) if only.child("system").is_none() => only.value(&["value"]),
            _ => None,
        }
    };
    with_system(systems::ODS).or_else(|| with_system(systems::ODS_SITE)).or_else(lone)
}
