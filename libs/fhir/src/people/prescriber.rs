//! The prescriber: PractitionerRole and Practitioner.

use std::fmt;

use serde_json::{Value, json};

use super::{HumanName, current_name};
use crate::error::FhirError;
use crate::json::{coded, coding, identified, identifier, owned, prune, reference};
use crate::systems;

/// Which professional register a code belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// General Medical Council.
    Gmc,
    /// Nursing and Midwifery Council.
    Nmc,
    /// General Pharmaceutical Council.
    Gphc,
    /// Health and Care Professions Council.
    Hcpc,
    /// Any other.
    Other,
}

impl Register {
    const ALL: [Self; 5] = [Self::Gmc, Self::Nmc, Self::Gphc, Self::Hcpc, Self::Other];

    fn system(self) -> &'static str {
        match self {
            Self::Gmc => "https://fhir.hl7.org.uk/Id/gmc-number",
            Self::Nmc => "https://fhir.hl7.org.uk/Id/nmc-number",
            Self::Gphc => "https://fhir.hl7.org.uk/Id/gphc-number",
            Self::Hcpc => "https://fhir.hl7.org.uk/Id/hcpc-number",
            Self::Other => "https://fhir.hl7.org.uk/Id/professional-code",
        }
    }
}

/// A professional registration; EPS wants exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfessionalCode {
    /// Register.
    pub register: Register,
    /// Number.
    pub value: String,
}

/// A prescriber in one role.
#[derive(Clone, PartialEq, Eq)]
pub struct Prescriber {
    /// Spine directory user id, 12 digits.
    pub sds_user_id: String,
    /// Spine directory role profile id, at most 15 digits.
    pub role_profile_id: String,
    /// Role code, for example `R8000`.
    pub role_code: String,
    /// Words for it.
    pub role_display: Option<String>,
    /// Professional registration.
    pub professional_code: ProfessionalCode,
    /// Doctors' index number; usable at one cost centre at a time.
    pub din: Option<String>,
    /// Spurious code of this site; takes precedence over the index number.
    pub spurious_code: Option<String>,
    /// Name.
    pub name: HumanName,
    /// Work telephone.
    pub phone: Option<String>,
}

impl fmt::Debug for Prescriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prescriber").field("role_code", &self.role_code).finish_non_exhaustive()
    }
}

impl Prescriber {
    pub(crate) fn write_role(&self, practitioner: &str, organisation: &str) -> Value {
        let spurious = self.spurious_code.as_ref().map(|code| identified(systems::SPURIOUS, code));
        let role = |system| coded(system, &self.role_code, self.role_display.as_deref());
        let telecom = self.phone.as_ref().map(|phone| json!({"system": "phone", "use": "work", "value": phone}));
        prune(json!({
            "resourceType": "PractitionerRole",
            "identifier": [identified(systems::SDS_ROLE_PROFILE, &self.role_profile_id), spurious],
            "practitioner": reference(practitioner),
            "organization": reference(organisation),
            "code": [{"coding": [role(systems::JOB_ROLE), role(systems::JOB_ROLE_UK_CORE)]}],
            "telecom": [telecom],
        }))
    }

    pub(crate) fn write_practitioner(&self) -> Value {
        let professional = &self.professional_code;
        prune(json!({
            "resourceType": "Practitioner",
            "identifier": [
                identified(systems::SDS_USER, &self.sds_user_id),
                identified(professional.register.system(), &professional.value),
                self.din.as_ref().map(|din| identified(systems::DIN, din)),
            ],
            "name": [self.name.write(None)],
        }))
    }

    pub(crate) fn read(role: &Value, practitioner: &Value) -> Result<Self, FhirError> {
        let missing = |what| FhirError::Missing { what };
        let mut codes = Register::ALL.into_iter().filter_map(|register| {
            let value = identifier(practitioner, register.system())?.to_owned();
            Some(ProfessionalCode { register, value })
        });
        let professional_code = match (codes.next(), codes.next()) {
            (Some(only), None) => only,
            _ => return Err(FhirError::Invalid { what: "Practitioner.identifier", expected: "one professional code" }),
        };
        let code = role.pointer("/code/0");
        let job = code.and_then(|c| coding(c, systems::JOB_ROLE).or_else(|| coding(c, systems::JOB_ROLE_UK_CORE)));
        Ok(Self {
            sds_user_id: identifier(practitioner, systems::SDS_USER)
                .ok_or(missing("Practitioner.identifier with a user id"))?
                .to_owned(),
            role_profile_id: identifier(role, systems::SDS_ROLE_PROFILE)
                .ok_or(missing("PractitionerRole.identifier with a role profile id"))?
                .to_owned(),
            role_code: job.and_then(|job| owned(job, "/code")).ok_or(missing("PractitionerRole.code"))?,
            role_display: job.and_then(|job| owned(job, "/display")),
            professional_code,
            din: identifier(practitioner, systems::DIN).map(str::to_owned),
            spurious_code: identifier(role, systems::SPURIOUS).map(str::to_owned),
            name: current_name(practitioner).ok_or(missing("Practitioner.name.family"))?,
            phone: owned(role, "/telecom/0/value"),
        })
    }
}
