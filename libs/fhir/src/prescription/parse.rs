//! Reading prescriptions, as EPS would.

use serde_json::Value;
use uuid::Uuid;

use super::{Course, Dispenser, DispensingSite, Item, Prescription};
use crate::bundle::Index;
use crate::error::FhirError;
use crate::json::{coding, extension, list, owned, plain, required, text};
use crate::people::{Organisation, Patient, Prescriber};
use crate::signature::Signature;
use crate::{systems, times};

/// Fields EPS wants equal on every item of a prescription (EPS bundle validation).
const COMMON: [(&str, &str); 10] = [
    ("/groupIdentifier", "groupIdentifier"),
    ("/category", "category"),
    ("/authoredOn", "authoredOn"),
    ("/subject", "subject"),
    ("/requester", "requester"),
    ("/intent", "intent"),
    ("/dispenseRequest/performer", "dispenseRequest.performer"),
    ("/dispenseRequest/validityPeriod", "dispenseRequest.validityPeriod"),
    ("/dispenseRequest/expectedSupplyDuration", "dispenseRequest.expectedSupplyDuration"),
    ("/courseOfTherapyType", "courseOfTherapyType"),
];

pub(super) fn order(bundle: &Value) -> Result<(Prescription, Option<Signature>), FhirError> {
    let index = Index::of(bundle);
    if header_event(&index)? != "prescription-order" {
        return Err(FhirError::Invalid { what: "MessageHeader.eventCoding", expected: "prescription-order" });
    }
    let prescription = prescription(bundle, &index)?;
    let signature = index.first("Provenance").map(Signature::read).transpose()?;
    Ok((prescription, signature))
}

/// The event of a message.
pub(crate) fn header_event<'a>(index: &Index<'a>) -> Result<&'a str, FhirError> {
    index
        .first("MessageHeader")
        .and_then(|header| text(header, "/eventCoding/code"))
        .ok_or(FhirError::Missing { what: "MessageHeader.eventCoding" })
}

/// All MedicationRequests of a message, at least one, which must agree where EPS wants it.
pub(crate) fn requests<'a>(index: &Index<'a>) -> Result<Vec<&'a Value>, FhirError> {
    let requests: Vec<&Value> = index.all("MedicationRequest").collect();
    let Some((first, rest)) = requests.split_first() else {
        return Err(FhirError::Missing { what: "MedicationRequest" });
    };
    for (pointer, what) in COMMON {
        if rest.iter().any(|other| other.pointer(pointer) != first.pointer(pointer)) {
            return Err(FhirError::Inconsistent { what });
        }
    }
    for (url, what) in
        [(systems::PRESCRIPTION_TYPE, "prescription type"), (systems::RESPONSIBLE, "responsible practitioner")]
    {
        if rest.iter().any(|other| extension(other, url) != extension(first, url)) {
            return Err(FhirError::Inconsistent { what });
        }
    }
    Ok(requests)
}

/// The prescription a message is about, whatever its event.
pub(crate) fn prescription(bundle: &Value, index: &Index<'_>) -> Result<Prescription, FhirError> {
    let missing = |what| FhirError::Missing { what };
    let header = index.first("MessageHeader").ok_or(missing("MessageHeader"))?;
    let requests = requests(index)?;
    let first = requests[0];
    // The responsible prescriber, when named apart from the requester.
    let requester = extension(first, systems::RESPONSIBLE)
        .and_then(|responsible| responsible.get("valueReference"))
        .or_else(|| first.get("requester"))
        .ok_or(missing("requester"))?;
    let role = index.follow(requester, "PractitionerRole").ok_or(missing("PractitionerRole"))?;
    let follow = |from: &Value, field: &str, kind| from.get(field).and_then(|reference| index.follow(reference, kind));
    let practitioner = follow(role, "practitioner", "Practitioner").ok_or(missing("Practitioner"))?;
    let organisation = follow(role, "organization", "Organization").ok_or(missing("Organization"))?;
    let patient = follow(first, "subject", "Patient").ok_or(missing("Patient"))?;
    let kind = extension(first, systems::PRESCRIPTION_TYPE).and_then(|extension| extension.get("valueCoding"));
    let kind = kind.ok_or(missing("prescription type"))?;
    let date = |pointer| text(first, pointer).and_then(times::read_date);
    Ok(Prescription {
        message_id: text(bundle, "/identifier/value").map(plain).ok_or(missing("Bundle.identifier"))?,
        prescription_id: long_id(first)?,
        short_id: required(first, "/groupIdentifier/value", "groupIdentifier.value")?,
        type_code: required(kind, "/code", "prescription type")?,
        type_display: owned(kind, "/display"),
        course: course(first)?,
        intent: required(first, "/intent", "intent")?,
        authored_on: text(first, "/authoredOn").and_then(times::read_instant),
        valid_from: date("/dispenseRequest/validityPeriod/start"),
        valid_until: date("/dispenseRequest/validityPeriod/end"),
        supply_days: first
            .pointer("/dispenseRequest/expectedSupplyDuration/value")
            .and_then(Value::as_u64)
            .and_then(|days| u32::try_from(days).ok()),
        patient: Patient::read(patient)?,
        prescriber: Prescriber::read(role, practitioner)?,
        cost_centre: Organisation::read(organisation)?,
        dispenser: owned(first, "/dispenseRequest/performer/identifier/value")
            .map(|ods_code| Dispenser { ods_code, name: owned(header, "/destination/0/receiver/display") }),
        site: site(first)?,
        endpoint: text(header, "/destination/0/endpoint")
            .and_then(|endpoint| endpoint.rsplit_once("/$"))
            .map(|(base, _)| base.to_owned())
            .unwrap_or_default(),
        items: requests.into_iter().map(Item::read).collect::<Result<_, _>>()?,
    })
}

fn long_id(request: &Value) -> Result<Uuid, FhirError> {
    request
        .get("groupIdentifier")
        .and_then(|group| extension(group, systems::PRESCRIPTION_ID))
        .and_then(|extension| text(extension, "/valueIdentifier/value"))
        .and_then(|id| Uuid::parse_str(id).ok())
        .ok_or(FhirError::Invalid { what: "the prescription id", expected: "a UUID" })
}

fn course(request: &Value) -> Result<Course, FhirError> {
    let concept = request.get("courseOfTherapyType").ok_or(FhirError::Missing { what: "courseOfTherapyType" })?;
    let code = coding(concept, systems::COURSE).or_else(|| coding(concept, systems::COURSE_NHS));
    match code.and_then(|coding| text(coding, "/code")) {
        Some("acute") => Ok(Course::Acute),
        Some("continuous") => Ok(Course::Continuous),
        Some("continuous-repeat-dispensing") => Ok(Course::RepeatDispensing),
        _ => Err(FhirError::Invalid {
            what: "courseOfTherapyType",
            expected: "acute, continuous or continuous-repeat-dispensing",
        }),
    }
}

fn site(request: &Value) -> Result<DispensingSite, FhirError> {
    let sites = [
        DispensingSite::Pharmacy,
        DispensingSite::ApplianceContractor,
        DispensingSite::DispensingDoctor,
        DispensingSite::None,
    ];
    let code = request
        .get("dispenseRequest")
        .and_then(|dispense| list(dispense, "extension").iter().find(|e| text(e, "/url") == Some(systems::SITE_TYPE)))
        .and_then(|extension| text(extension, "/valueCoding/code"));
    sites
        .into_iter()
        .find(|site| Some(site.code()) == code)
        .ok_or(FhirError::Invalid { what: "PerformerSiteType", expected: "P1, P2, P3 or 0004" })
}
