//! The answer to a cancellation, also when it comes later.

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::CancelStatus;
use crate::bundle::{Index, entry, message, resource_id};
use crate::error::FhirError;
use crate::json::{coded, extension, identified, identifier, plain, prune, reference, required, resource, text};
use crate::prescription::header_event;
use crate::{systems, times};

/// EPS's answer to a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelResponse {
    /// `Bundle.identifier` of the answer.
    pub message_id: String,
    /// The cancellation it answers.
    pub response_to: String,
    /// Header says `ok`.
    pub ok: bool,
    /// Item id.
    pub item_id: Uuid,
    /// Short prescription id.
    pub short_id: String,
    /// What became of it.
    pub status: CancelStatus,
    /// When.
    pub status_at: Option<OffsetDateTime>,
    /// The dispenser that holds the item, while the answer is pending.
    pub dispenser: Option<String>,
}

impl CancelResponse {
    /// Reads the answer.
    pub fn parse(bytes: &[u8]) -> Result<Self, FhirError> {
        let bundle = resource(bytes, "Bundle")?;
        let index = Index::of(&bundle);
        if header_event(&index)? != "prescription-order-response" {
            return Err(FhirError::Invalid {
                what: "MessageHeader.eventCoding",
                expected: "prescription-order-response",
            });
        }
        let missing = |what| FhirError::Missing { what };
        let header = index.first("MessageHeader").ok_or(missing("MessageHeader"))?;
        let request = index.first("MedicationRequest").ok_or(missing("MedicationRequest"))?;
        let history = extension(request, systems::STATUS_HISTORY).ok_or(missing("prescription status history"))?;
        let status = extension(history, "status").and_then(|status| text(status, "/valueCoding/code"));
        Ok(Self {
            message_id: text(&bundle, "/identifier/value").map(plain).ok_or(missing("Bundle.identifier"))?,
            response_to: text(header, "/response/identifier")
                .map(plain)
                .ok_or(missing("MessageHeader.response.identifier"))?,
            ok: text(header, "/response/code") == Some("ok"),
            item_id: identifier(request, systems::ITEM_NUMBER)
                .and_then(|id| Uuid::parse_str(id).ok())
                .ok_or(FhirError::Invalid { what: "MedicationRequest.identifier", expected: "a UUID" })?,
            short_id: required(request, "/groupIdentifier/value", "groupIdentifier.value")?,
            status: status
                .and_then(CancelStatus::from_code)
                .ok_or(FhirError::Invalid { what: "the status history", expected: "a code R-0001 to R-5888" })?,
            status_at: extension(history, "statusDate")
                .and_then(|date| text(date, "/valueDateTime"))
                .and_then(times::read_instant),
            dispenser: text(request, "/dispenseRequest/performer/identifier/value").map(str::to_owned),
        })
    }

    /// Writes the answer, for peers that stand in for EPS.
    pub fn to_json(&self) -> Value {
        let item = self.item_id.to_string();
        let code = if self.ok { "ok" } else { "fatal-error" };
        let header = json!({
            "resourceType": "MessageHeader",
            "eventCoding":
                coded(systems::MESSAGE_EVENT, "prescription-order-response", Some("Prescription Order Response")),
            "source": {"name": "NHS Spine", "endpoint": "https://directory.spineservices.nhs.uk/"},
            "response": {"identifier": self.response_to, "code": code},
            "focus": [reference(&item)],
        });
        let status = coded(systems::STATUS_HISTORY_CODES, self.status.code(), Some(self.status.display()));
        let status_at =
            self.status_at.map(|at| json!({"url": "statusDate", "valueDateTime": times::write_instant(at)}));
        let performer =
            self.dispenser.as_ref().map(|ods_code| json!({"identifier": identified(systems::ODS, ods_code)}));
        let request = json!({
            "resourceType": "MedicationRequest",
            "extension": [{
                "url": systems::STATUS_HISTORY,
                "extension": [{"url": "status", "valueCoding": status}, status_at],
            }],
            "identifier": [identified(systems::ITEM_NUMBER, &item)],
            "status": if self.status.is_cancelled() { "cancelled" } else { "active" },
            "intent": "order",
            "groupIdentifier": identified(systems::ORDER_NUMBER, &self.short_id),
            "dispenseRequest": {"performer": performer},
        });
        let header_id = resource_id(&self.message_id, "header");
        prune(message(&self.message_id, vec![entry(&header_id, header), entry(&item, request)]))
    }
}
