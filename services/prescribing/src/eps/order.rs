//! A prescription as EPS wants it: FHIR R4, prescription-order (EPS FHIR API specification).
//!
//! Who prescribes, what it is charged to and where the patient is registered are three things: the
//! cost centre is `PractitionerRole.organization`, with the ICB as `partOf`, and the sender; the
//! registered practice is `Patient.generalPractitioner`; `healthcareService` is absent (types 01xx).

use base64::{Engine, engine::general_purpose::STANDARD};
use ehub_calendar::local_date;
use ehub_fhir::{
    Address, ControlledDrug, Course, Dispenser, DispensingSite, HumanName, Item as FhirItem, Organisation, Parent,
    Patient, Prescriber, Prescription as FhirPrescription, ProfessionalCode, Quantity, Register as FhirRegister,
    Signature, to_bytes,
};
use uuid::Uuid;

use crate::{
    domain::{CostCentre, Item, Membership, Prescription, Register},
    peers::TracedPatient,
};

/// `Organization.type` of a cost centre that is not a practice (ODS role RO72).
const OTHER_COST_CENTRE: &str = "72";

/// What an order is made of.
#[derive(Debug)]
pub struct OrderOf<'a> {
    /// The prescription.
    pub prescription: &'a Prescription,
    /// What it is charged to.
    pub cost_centre: &'a CostCentre,
    /// Who prescribes.
    pub prescriber: &'a Membership,
    /// For whom, traced now.
    pub patient: &'a TracedPatient,
    /// The message's id.
    pub message_id: Uuid,
    /// Where it goes.
    pub endpoint: String,
}

/// Stored bytes that are no order of ours, or a signature that is no base64.
#[derive(Debug, thiserror::Error)]
#[error("what was prepared and signed cannot be made into an order")]
pub struct NotAnOrder;

/// The bytes for `$prepare`.
pub fn prepare_bytes(of: &OrderOf<'_>) -> Vec<u8> {
    to_bytes(&order(of).prepare_bundle())
}

/// The bytes for `$process-message`: what was prepared, with the signature. That the rest has not
/// changed is checked, for it is what was signed.
pub fn signed_bytes(prepared: &[u8], signature: &str, when: &str) -> Result<Vec<u8>, NotAnOrder> {
    let (order, _) = FhirPrescription::parse(prepared).map_err(|_| NotAnOrder)?;
    if to_bytes(&order.prepare_bundle()) != prepared {
        return Err(NotAnOrder);
    }
    let compact: String = signature.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let xml = STANDARD.decode(compact).map_err(|_| NotAnOrder)?;
    Ok(to_bytes(&order.order_bundle(&Signature { xml, when: when.to_owned() })))
}

/// The UUID of an item on the wire: of the prescription and the position, so that it never changes.
fn item_id(prescription: &Prescription, position: usize) -> Uuid {
    Uuid::new_v5(&prescription.id.uuid(), format!("item {position}").as_bytes())
}

fn order(of: &OrderOf<'_>) -> FhirPrescription {
    let prescription = of.prescription;
    let pharmacy = prescription.pharmacy.clone().or_else(|| of.patient.nominated_pharmacy.clone());
    FhirPrescription {
        message_id: of.message_id.hyphenated().to_string(),
        prescription_id: prescription.id.uuid(),
        short_id: prescription.short_id.clone(),
        type_code: of.prescriber.prescription_type.clone(),
        type_display: None,
        course: Course::Acute,
        intent: "order".to_owned(),
        authored_on: Some(prescription.raised_at),
        valid_from: Some(local_date(prescription.raised_at)),
        valid_until: None,
        // The same on every item; refused at the border when it is not.
        supply_days: prescription.items.first().map(|item| u32::from(item.days)),
        patient: patient(of.patient),
        prescriber: prescriber(of.prescriber, of.cost_centre),
        cost_centre: cost_centre(of.cost_centre),
        site: if pharmacy.is_some() { DispensingSite::Pharmacy } else { DispensingSite::None },
        dispenser: pharmacy.map(|ods_code| Dispenser { ods_code, name: None }),
        endpoint: of.endpoint.clone(),
        items: prescription
            .items
            .iter()
            .enumerate()
            .map(|(at, one)| item(one, item_id(prescription, at + 1)))
            .collect(),
    }
}

fn item(item: &Item, id: Uuid) -> FhirItem {
    FhirItem {
        id,
        medication_code: item.medicine.as_str().to_owned(),
        medication_display: item.medicine_name.clone(),
        dosage: item.dosage.clone(),
        quantity: Quantity {
            value: item.quantity.as_str().to_owned(),
            unit: item.unit_name.clone(),
            unit_code: item.unit.as_str().to_owned(),
        },
        note: None,
        endorsements: Vec::new(),
        controlled: item.schedule.map(|schedule| ControlledDrug {
            schedule: format!("CD{}", schedule.as_str()),
            quantity_words: item.quantity_words.clone(),
        }),
    }
}

fn patient(traced: &TracedPatient) -> Patient {
    Patient {
        nhs_number: traced.nhs_number.as_str().to_owned(),
        name: HumanName {
            family: traced.family_name.clone(),
            given: traced.given_names.split_whitespace().map(str::to_owned).collect(),
            prefix: Vec::new(),
        },
        gender: Some(traced.gender.clone()),
        birth_date: traced.birth_date,
        address: one_line(&traced.address),
        practice: traced.registered_practice.as_str().to_owned(),
    }
}

fn prescriber(member: &Membership, cost_centre: &CostCentre) -> Prescriber {
    // `S8000:G8000:R8000` names a role by its last part.
    let role = member.role_code.rsplit(':').next().unwrap_or_default();
    Prescriber {
        sds_user_id: member.sds_user_id.clone(),
        role_profile_id: member.sds_role_profile_id.clone(),
        role_code: role.to_owned(),
        role_display: None,
        professional_code: ProfessionalCode {
            register: match member.register {
                Register::Gmc => FhirRegister::Gmc,
                Register::Nmc => FhirRegister::Nmc,
                Register::Gphc => FhirRegister::Gphc,
                Register::Hcpc => FhirRegister::Hcpc,
            },
            value: member.professional_code.clone(),
        },
        // At most one of the two is sent; the spurious code comes first.
        din: if member.spurious_code.is_some() { None } else { member.din.clone() },
        spurious_code: member.spurious_code.clone(),
        name: person_name(&member.display_name),
        phone: Some(cost_centre.phone.clone()),
    }
}

fn cost_centre(cost_centre: &CostCentre) -> Organisation {
    Organisation {
        ods_code: cost_centre.ods.as_str().to_owned(),
        name: cost_centre.display_name.clone(),
        role_code: OTHER_COST_CENTRE.to_owned(),
        role_display: None,
        phone: Some(cost_centre.phone.clone()),
        address: one_line(&cost_centre.address),
        parent: Some(Parent { ods_code: cost_centre.icb.as_str().to_owned(), name: None }),
    }
}

/// An address written on one line, as lines; a postcode at its end stands apart.
fn one_line(text: &str) -> Option<Address> {
    let mut lines: Vec<String> =
        text.split(',').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let postcode = lines.pop_if(|last| is_postcode(last));
    (!lines.is_empty() || postcode.is_some()).then_some(Address { lines, postcode, ..Address::default() })
}

/// The shape of a UK postcode: outward part, space, digit and two letters.
fn is_postcode(text: &str) -> bool {
    let Some((outward, inward)) = text.split_once(' ') else { return false };
    let inward = inward.as_bytes();
    (2..=4).contains(&outward.len())
        && outward.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && inward.len() == 3
        && inward[0].is_ascii_digit()
        && inward[1..].iter().all(u8::is_ascii_alphabetic)
}

/// A name as written, taken apart: titles before, the family name last.
fn person_name(written: &str) -> HumanName {
    const TITLES: [&str; 7] = ["dr", "mr", "mrs", "ms", "miss", "mx", "prof"];
    let mut words: Vec<String> = written.split_whitespace().map(str::to_owned).collect();
    let is_title = |word: &String| TITLES.contains(&word.trim_end_matches('.').to_lowercase().as_str());
    let prefix = if words.len() > 1 && is_title(&words[0]) { vec![words.remove(0)] } else { Vec::new() };
    let family = words.pop().unwrap_or_default();
    HumanName { family, given: words, prefix }
}

#[cfg(test)]
mod tests;
