//! The patient on a prescription.

use std::fmt;

use serde_json::{Value, json};
use time::Date;

use super::{Address, HumanName, current_name};
use crate::error::FhirError;
use crate::json::{identified, identifier, owned, prune, text};
use crate::{systems, times};

/// A patient. The registered practice stands apart from the cost centre: for a hub they differ.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient {
    /// NHS number.
    pub nhs_number: String,
    /// Name.
    pub name: HumanName,
    /// `male`, `female`, `other`, `unknown`.
    pub gender: Option<String>,
    /// Date of birth.
    pub birth_date: Date,
    /// Address.
    pub address: Option<Address>,
    /// ODS code of the registered practice.
    pub practice: String,
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patient").field("practice", &self.practice).finish_non_exhaustive()
    }
}

impl Patient {
    pub(crate) fn write(&self) -> Value {
        prune(json!({
            "resourceType": "Patient",
            "identifier": [identified(systems::NHS_NUMBER, &self.nhs_number)],
            "name": [self.name.write(Some("usual"))],
            "gender": self.gender,
            "birthDate": times::write_date(self.birth_date),
            "address": [self.address.as_ref().map(|address| address.write("home"))],
            "generalPractitioner": [{"identifier": identified(systems::ODS, &self.practice)}],
        }))
    }

    pub(crate) fn read(value: &Value) -> Result<Self, FhirError> {
        let missing = |what| FhirError::Missing { what };
        Ok(Self {
            nhs_number: identifier(value, systems::NHS_NUMBER)
                .ok_or(missing("Patient.identifier with an NHS number"))?
                .to_owned(),
            name: current_name(value).ok_or(missing("Patient.name.family"))?,
            gender: owned(value, "/gender"),
            birth_date: text(value, "/birthDate")
                .and_then(times::read_date)
                .ok_or(FhirError::Invalid { what: "Patient.birthDate", expected: "a full date" })?,
            address: Address::current(value),
            practice: owned(value, "/generalPractitioner/0/identifier/value")
                .ok_or(missing("Patient.generalPractitioner"))?,
        })
    }
}
