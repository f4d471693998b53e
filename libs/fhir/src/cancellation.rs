//! Cancelling one item of a prescription, and what EPS answers.

mod reason;
mod response;
mod status;

use serde_json::{Value, json};
use uuid::Uuid;

pub use reason::CancelReason;
pub use response::CancelResponse;
pub use status::CancelStatus;

use crate::bundle::{Index, entry, message, resource_id};
use crate::error::FhirError;
use crate::json::{coding, concept, extension, plain, prune, reference, resource, text};
use crate::people::Prescriber;
use crate::prescription::{Header, Prescription, header_event, people, prescription, request, requests};
use crate::systems;

/// A request to cancel one item: EPS takes one item a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// `Bundle.identifier` of the cancellation.
    pub message_id: String,
    /// The prescription as it was issued.
    pub prescription: Prescription,
    /// Which item.
    pub item_id: Uuid,
    /// Why.
    pub reason: CancelReason,
    /// Who cancels, when it is not the prescriber.
    pub cancelled_by: Option<Prescriber>,
}

impl Cancellation {
    /// Writes the `prescription-order-update` message. `None` when the prescription has no such item.
    pub fn bundle(&self) -> Option<Value> {
        let item = self.prescription.items.iter().find(|item| item.id == self.item_id)?;
        let id = |role: &str| resource_id(&self.message_id, role);
        // Ids derive from the message, and this is a message of its own.
        let prescription = Prescription { message_id: self.message_id.clone(), ..self.prescription.clone() };
        let requester = if self.cancelled_by.is_some() { id("canceller-role") } else { id("role") };
        let item_id = item.id.to_string();
        let focus = [requester.clone(), item_id.clone()];
        let header = Header {
            event: "prescription-order-update",
            display: "Prescription Order Update",
            operation: "$process-message#prescription-order-update",
            focus: &focus,
        };
        let mut medication = request(&prescription, item, "cancelled", &id("patient"), &requester);
        medication["statusReason"] = concept(systems::STATUS_REASON, self.reason.code(), Some(self.reason.display()));
        let mut entries = vec![entry(&id("header"), header.write(&prescription))];
        if let Some(canceller) = &self.cancelled_by {
            let responsible = json!({"url": systems::RESPONSIBLE, "valueReference": reference(&id("role"))});
            if let Some(extensions) = medication["extension"].as_array_mut() {
                extensions.push(responsible);
            }
            let role = canceller.write_role(&id("canceller"), &id("organisation"));
            entries.push(entry(&requester, role));
            entries.push(entry(&id("canceller"), canceller.write_practitioner()));
        }
        entries.insert(1, entry(&item_id, medication));
        entries.extend(people(&prescription));
        Some(prune(message(&self.message_id, entries)))
    }

    /// Reads a cancellation. The prescription has only the cancelled item.
    pub fn parse(bytes: &[u8]) -> Result<Self, FhirError> {
        let bundle = resource(bytes, "Bundle")?;
        let index = Index::of(&bundle);
        if header_event(&index)? != "prescription-order-update" {
            return Err(FhirError::Invalid {
                what: "MessageHeader.eventCoding",
                expected: "prescription-order-update",
            });
        }
        let requests = requests(&index)?;
        let [medication] = requests.as_slice() else {
            return Err(FhirError::Invalid { what: "a cancellation", expected: "about one item" });
        };
        if text(medication, "/status") != Some("cancelled") {
            return Err(FhirError::Invalid { what: "MedicationRequest.status", expected: "cancelled" });
        }
        let reason = medication
            .get("statusReason")
            .and_then(|reason| coding(reason, systems::STATUS_REASON))
            .and_then(|coding| CancelReason::from_code(text(coding, "/code")?))
            .ok_or(FhirError::Invalid { what: "statusReason", expected: "a code from 0001 to 0009" })?;
        let prescription = prescription(&bundle, &index)?;
        Ok(Self {
            message_id: text(&bundle, "/identifier/value")
                .map(plain)
                .ok_or(FhirError::Missing { what: "Bundle.identifier" })?,
            item_id: prescription.items[0].id,
            reason,
            cancelled_by: canceller(medication, &index)?,
            prescription,
        })
    }
}

/// The requester, when a responsible practitioner is named apart from it.
fn canceller(medication: &Value, index: &Index<'_>) -> Result<Option<Prescriber>, FhirError> {
    if extension(medication, systems::RESPONSIBLE).is_none() {
        return Ok(None);
    }
    let missing = |what| FhirError::Missing { what };
    let requester = medication.get("requester").ok_or(missing("requester"))?;
    let role = index.follow(requester, "PractitionerRole").ok_or(missing("PractitionerRole"))?;
    let practitioner = role
        .get("practitioner")
        .and_then(|reference| index.follow(reference, "Practitioner"))
        .ok_or(missing("Practitioner"))?;
    Prescriber::read(role, practitioner).map(Some)
}
