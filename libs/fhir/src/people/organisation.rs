//! The prescribing organisation: for primary care its ODS code is the cost centre.

use serde_json::{Value, json};

use super::Address;
use crate::error::FhirError;
use crate::json::{coding, concept, identified, identifier, owned, prune};
use crate::systems;

/// The organisation above the cost centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// ODS code of the sub-ICB or ICB.
    pub ods_code: String,
    /// Name.
    pub name: Option<String>,
}

/// A prescribing organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// ODS code: the cost centre.
    pub ods_code: String,
    /// Name.
    pub name: String,
    /// Role code, for example `76` GP practice, `72` other prescribing cost centre.
    pub role_code: String,
    /// Words for it.
    pub role_display: Option<String>,
    /// Work telephone.
    pub phone: Option<String>,
    /// Address.
    pub address: Option<Address>,
    /// The organisation above; required for primary care prescriptions.
    pub parent: Option<Parent>,
}

impl Organisation {
    pub(crate) fn write(&self) -> Value {
        let parent = self
            .parent
            .as_ref()
            .map(|parent| json!({"identifier": identified(systems::ODS, &parent.ods_code), "display": parent.name}));
        let telecom = self.phone.as_ref().map(|phone| json!({"system": "phone", "use": "work", "value": phone}));
        prune(json!({
            "resourceType": "Organization",
            "identifier": [identified(systems::ODS, &self.ods_code)],
            "type": [concept(systems::ORGANISATION_ROLE, &self.role_code, self.role_display.as_deref())],
            "name": self.name,
            "telecom": [telecom],
            "address": [self.address.as_ref().map(|address| address.write("work"))],
            "partOf": parent,
        }))
    }

    pub(crate) fn read(value: &Value) -> Result<Self, FhirError> {
        let role = value.pointer("/type/0").and_then(|concept| coding(concept, systems::ORGANISATION_ROLE));
        Ok(Self {
            ods_code: identifier(value, systems::ODS)
                .ok_or(FhirError::Missing { what: "Organization.identifier with an ODS code" })?
                .to_owned(),
            name: owned(value, "/name").ok_or(FhirError::Missing { what: "Organization.name" })?,
            role_code: role.and_then(|role| owned(role, "/code")).unwrap_or_default(),
            role_display: role.and_then(|role| owned(role, "/display")),
            phone: owned(value, "/telecom/0/value"),
            address: Address::current(value),
            parent: owned(value, "/partOf/identifier/value")
                .map(|ods_code| Parent { ods_code, name: owned(value, "/partOf/display") }),
        })
    }
}
