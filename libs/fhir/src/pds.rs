//! A patient as the Personal Demographics Service knows them.

use std::fmt;

use serde_json::{Value, json};
use time::{Date, OffsetDateTime};

use crate::error::FhirError;
use crate::json::{coded, coding, concept, extension, identified, list, owned, prune, resource, text};
use crate::people::{Address, HumanName, current_name};
use crate::{systems, times};

/// Sensitivity of a record (`meta.security`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confidentiality {
    /// `U`: unrestricted.
    #[default]
    Unrestricted,
    /// `R`: sensitive; address, contact and practice are withheld, and EPS and write-back are not allowed.
    Restricted,
    /// `V`: very restricted.
    VeryRestricted,
    /// `REDACTED`.
    Redacted,
}

impl Confidentiality {
    fn code(self) -> &'static str {
        match self {
            Self::Unrestricted => "U",
            Self::Restricted => "R",
            Self::VeryRestricted => "V",
            Self::Redacted => "REDACTED",
        }
    }

    /// A code we do not know is taken as restricted: the careful reading.
    fn read(code: Option<&str>) -> Self {
        match code {
            None | Some("U") => Self::Unrestricted,
            Some("V") => Self::VeryRestricted,
            Some("REDACTED") => Self::Redacted,
            Some(_) => Self::Restricted,
        }
    }

    /// Whether nothing about the patient may be sent outside.
    pub fn is_sensitive(self) -> bool {
        self != Self::Unrestricted
    }
}

/// What PDS says about a patient.
#[derive(Clone, PartialEq, Eq)]
pub struct PdsPatient {
    /// The current NHS number; another than the one asked for when that was superseded.
    pub nhs_number: String,
    /// Verification status when PDS gives it, `01` verified.
    pub verification: Option<String>,
    /// Version of the record, for optimistic concurrency.
    pub version: Option<String>,
    /// Sensitivity.
    pub confidentiality: Confidentiality,
    /// Current name.
    pub name: Option<HumanName>,
    /// Date of birth.
    pub birth_date: Option<Date>,
    /// `male`, `female`, `other`, `unknown`.
    pub gender: Option<String>,
    /// Time of death, or midnight of the day.
    pub deceased: Option<OffsetDateTime>,
    /// Registered practice.
    pub practice: Option<String>,
    /// Nominated community pharmacy.
    pub nominated_pharmacy: Option<String>,
    /// Current address.
    pub address: Option<Address>,
}

impl fmt::Debug for PdsPatient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PdsPatient")
            .field("practice", &self.practice)
            .field("confidentiality", &self.confidentiality)
            .finish_non_exhaustive()
    }
}

impl PdsPatient {
    /// Reads a Patient resource.
    pub fn parse(bytes: &[u8]) -> Result<Self, FhirError> {
        let value = resource(bytes, "Patient")?;
        let identifier = list(&value, "identifier")
            .iter()
            .find(|identifier| text(identifier, "/system") == Some(systems::NHS_NUMBER));
        let nhs_number = identifier.and_then(|identifier| owned(identifier, "/value")).or_else(|| owned(&value, "/id"));
        let security = value.pointer("/meta/security").and_then(Value::as_array).and_then(|labels| labels.first());
        Ok(Self {
            nhs_number: nhs_number.ok_or(FhirError::Missing { what: "Patient.identifier with an NHS number" })?,
            verification: identifier.and_then(verification),
            version: owned(&value, "/meta/versionId"),
            confidentiality: Confidentiality::read(security.and_then(|label| text(label, "/code"))),
            name: current_name(&value),
            birth_date: text(&value, "/birthDate").and_then(times::read_date),
            gender: owned(&value, "/gender"),
            deceased: text(&value, "/deceasedDateTime").and_then(times::read_instant),
            practice: practice(&value),
            nominated_pharmacy: extension(&value, systems::NOMINATED_PHARMACY)
                .and_then(|extension| owned(extension, "/valueReference/identifier/value")),
            address: Address::current(&value),
        })
    }

    /// The number that replaces the one asked for, when PDS answered with another.
    pub fn superseding(&self, asked: &str) -> Option<&str> {
        (self.nhs_number != asked).then_some(self.nhs_number.as_str())
    }

    /// Writes a Patient resource, for peers that stand in for PDS.
    pub fn to_json(&self) -> Value {
        let status = self.verification.as_ref().map(|code| {
            json!([{
                "url": systems::NHS_NUMBER_STATUS,
                "valueCodeableConcept": concept(systems::NHS_NUMBER_STATUS_CODES, code, None),
            }])
        });
        let pharmacy = self.nominated_pharmacy.as_ref().map(|ods_code| {
            json!({
                "url": systems::NOMINATED_PHARMACY,
                "valueReference": {"identifier": identified(systems::ODS, ods_code)},
            })
        });
        let practice = self.practice.as_ref().map(|code| json!({"identifier": identified(systems::ODS, code)}));
        let label = coded(systems::CONFIDENTIALITY, self.confidentiality.code(), None);
        prune(json!({
            "resourceType": "Patient",
            "id": self.nhs_number,
            "meta": {"versionId": self.version, "security": [label]},
            "extension": [pharmacy],
            "identifier": [{"system": systems::NHS_NUMBER, "value": self.nhs_number, "extension": status}],
            "name": [self.name.as_ref().map(|name| name.write(Some("usual")))],
            "gender": self.gender,
            "birthDate": self.birth_date.map(times::write_date),
            "deceasedDateTime": self.deceased.map(times::write_instant),
            "address": [self.address.as_ref().map(|address| address.write("home"))],
            "generalPractitioner": [practice],
        }))
    }
}

fn verification(identifier: &Value) -> Option<String> {
    let extension = extension(identifier, systems::NHS_NUMBER_STATUS)?;
    let concept = extension.get("valueCodeableConcept")?;
    let found = coding(concept, systems::NHS_NUMBER_STATUS_CODES).or_else(|| list(concept, "coding").first())?;
    owned(found, "/code")
}

/// The practice whose period is open; PDS lists only one, other sources keep history.
fn practice(value: &Value) -> Option<String> {
    let all = list(value, "generalPractitioner");
    let open = all.iter().find(|entry| entry.pointer("/identifier/period/end").is_none());
    open.and_then(|entry| owned(entry, "/identifier/value"))
}

#[cfg(test)]
#[path = "pds_tests.rs"]
mod tests;
