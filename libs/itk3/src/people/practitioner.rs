//! The clinician who saw the patient.

use std::fmt;

use super::{Name, Telecom};
use crate::stu3::{build, systems};
use crate::xml::Element;

/// A practitioner.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Practitioner {
    /// Spine directory user id, when known.
    pub sds_user_id: Option<String>,
    /// Name.
    pub name: Name,
    /// How to reach them.
    pub telecom: Vec<Telecom>,
}

impl fmt::Debug for Practitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Practitioner(***)")
    }
}

impl Practitioner {
    pub(crate) fn read(resource: &Element) -> Self {
        let user = resource
            .all("identifier")
            .find(|identifier| identifier.value(&["system"]) == Some(systems::SDS_USER))
            .and_then(|identifier| identifier.value(&["value"]));
        Self {
            sds_user_id: user.map(str::to_owned),
            name: Name::read(resource).map(|(name, _)| name).unwrap_or_default(),
            telecom: Telecom::read_all(resource),
        }
    }

    pub(crate) fn write(&self, id: &str) -> Element {
        let identifier = self.sds_user_id.as_ref().map(|user| build::identifier(systems::SDS_USER, user));
        build::resource("Practitioner", id, &systems::care_connect("Practitioner"))
            .with_optional(identifier)
            .with(self.name.write("official"))
            .with_all(self.telecom.iter().map(Telecom::write))
    }
}
