//! Writing prescriptions.

use serde_json::{Value, json};

use super::{Course, DispensingSite, Interaction, Item, Prescription};
use crate::bundle::{entry, message, resource_id};
use crate::json::{coded, concept, identified, prune, reference};
use crate::signature::Signature;
use crate::{systems, times};

/// What the header of a message says.
pub(crate) struct Header<'a> {
    pub event: &'a str,
    pub display: &'a str,
    /// Path below the base URL.
    pub operation: &'a str,
    pub focus: &'a [String],
}

impl Interaction {
    fn operation(self) -> &'static str {
        match self {
            Self::Prepare => "$prepare",
            Self::Order => "$process-message#prescription-order",
        }
    }
}

impl Course {
    fn concept(self) -> Value {
        match self {
            Self::Acute => concept(systems::COURSE, "acute", Some("Short course (acute) therapy")),
            Self::Continuous => concept(systems::COURSE, "continuous", Some("Continuous long term therapy")),
            Self::RepeatDispensing => concept(
                systems::COURSE_NHS,
                "continuous-repeat-dispensing",
                Some("Continuous long term (repeat dispensing)"),
            ),
        }
    }
}

impl DispensingSite {
    /// The national code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pharmacy => "P1",
            Self::ApplianceContractor => "P2",
            Self::DispensingDoctor => "P3",
            Self::None => "0004",
        }
    }
}

/// Header, items, patient, prescriber, organisation; and the signature last.
pub(crate) fn bundle(prescription: &Prescription, interaction: Interaction, signature: Option<&Signature>) -> Value {
    let id = |role: &str| resource_id(&prescription.message_id, role);
    let items: Vec<String> = prescription.items.iter().map(|item| item.id.to_string()).collect();
    let focus: Vec<String> = items.iter().cloned().chain([id("role"), id("patient")]).collect();
    let header = Header {
        event: "prescription-order",
        display: "Prescription Order",
        operation: interaction.operation(),
        focus: &focus,
    };
    let mut entries = vec![entry(&id("header"), header.write(prescription))];
    entries.extend(prescription.items.iter().map(|item| {
        let request = request(prescription, item, "active", &id("patient"), &id("role"));
        entry(&item.id.to_string(), request)
    }));
    entries.extend(people(prescription));
    if let Some(signature) = signature {
        entries.push(entry(&id("signature"), signature.provenance(&id("signature"), &items, &id("role"))));
    }
    prune(message(&prescription.message_id, entries))
}

/// The entries of everyone involved.
pub(crate) fn people(prescription: &Prescription) -> Vec<Value> {
    let id = |role: &str| resource_id(&prescription.message_id, role);
    let prescriber = &prescription.prescriber;
    vec![
        entry(&id("patient"), prescription.patient.write()),
        entry(&id("role"), prescriber.write_role(&id("practitioner"), &id("organisation"))),
        entry(&id("practitioner"), prescriber.write_practitioner()),
        entry(&id("organisation"), prescription.cost_centre.write()),
    ]
}

impl Header<'_> {
    pub(crate) fn write(&self, prescription: &Prescription) -> Value {
        let sender = &prescription.cost_centre;
        let receiver = prescription.dispenser.as_ref().map(
            |dispenser| json!({"identifier": identified(systems::ODS, &dispenser.ods_code), "display": dispenser.name}),
        );
        json!({
            "resourceType": "MessageHeader",
            "eventCoding": coded(systems::MESSAGE_EVENT, self.event, Some(self.display)),
            "destination": [{
                "endpoint": format!("{}/{}", prescription.endpoint, self.operation),
                "receiver": receiver,
            }],
            // Equal to the middle block of the short id: EPS checks it.
            "sender": {"identifier": identified(systems::ODS, &sender.ods_code), "display": sender.name},
            "source": {
                "endpoint": format!("https://directory.spineservices.nhs.uk/STU3/Organization/{}", sender.ods_code),
            },
            "focus": self.focus.iter().map(|id| reference(id)).collect::<Vec<_>>(),
        })
    }
}

/// A MedicationRequest. Everything but the item's own fields is the same on each.
pub(crate) fn request(prescription: &Prescription, item: &Item, status: &str, patient: &str, requester: &str) -> Value {
    let kind = coded(systems::PRESCRIPTION_TYPE_CODES, &prescription.type_code, prescription.type_display.as_deref());
    let mut extensions = vec![json!({"url": systems::PRESCRIPTION_TYPE, "valueCoding": kind})];
    extensions.extend(item.extensions());
    let long_id = json!({
        "url": systems::PRESCRIPTION_ID,
        "valueIdentifier": identified(systems::PRESCRIPTION, &prescription.prescription_id.to_string()),
    });
    json!({
        "resourceType": "MedicationRequest",
        "extension": extensions,
        "identifier": [identified(systems::ITEM_NUMBER, &item.id.to_string())],
        "status": status,
        "intent": prescription.intent,
        "category": [concept(systems::CATEGORY, "community", Some("Community"))],
        "medicationCodeableConcept":
            concept(systems::SNOMED, &item.medication_code, Some(&item.medication_display)),
        "subject": reference(patient),
        "authoredOn": prescription.authored_on.map(times::write_instant),
        "requester": reference(requester),
        "groupIdentifier": {
            "extension": [long_id],
            "system": systems::ORDER_NUMBER,
            "value": prescription.short_id,
        },
        "courseOfTherapyType": prescription.course.concept(),
        "note": [item.note.as_ref().map(|note| json!({"text": note}))],
        "dosageInstruction": [{"text": item.dosage}],
        "dispenseRequest": dispense_request(prescription, item),
        "substitution": {"allowedBoolean": false},
    })
}

fn dispense_request(prescription: &Prescription, item: &Item) -> Value {
    let supply = prescription
        .supply_days
        .map(|days| json!({"value": days, "unit": "day", "system": systems::UCUM, "code": "d"}));
    let performer = prescription
        .dispenser
        .as_ref()
        .map(|dispenser| json!({"identifier": identified(systems::ODS, &dispenser.ods_code)}));
    json!({
        "extension": [{
            "url": systems::SITE_TYPE,
            "valueCoding": coded(systems::SITE_TYPE_CODES, prescription.site.code(), None),
        }],
        "validityPeriod": {
            "start": prescription.valid_from.map(times::write_date),
            "end": prescription.valid_until.map(times::write_date),
        },
        "quantity": item.quantity.write(),
        "expectedSupplyDuration": supply,
        "performer": performer,
    })
}
