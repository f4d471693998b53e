//! One medicine on a prescription.

use std::fmt;

use serde_json::{Number, Value, json};
use uuid::Uuid;

use crate::error::FhirError;
use crate::json::{coded, coding, concept, extension, list, owned, required, text};
use crate::systems;

/// A quantity in a dm+d unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Decimal number as text, so that no digit is lost on the way.
    pub value: String,
    /// Unit in words, for example `tablet`.
    pub unit: String,
    /// SNOMED CT code of the unit, for example `428673006`.
    pub unit_code: String,
}

/// Particulars of a controlled drug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlledDrug {
    /// `CD1` … `CD5`, with `CD4-1` and `CD4-2`.
    pub schedule: String,
    /// The quantity in words; the law wants it for schedules 2 and 3.
    pub quantity_words: Option<String>,
}

/// An item.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Item id, unique.
    pub id: Uuid,
    /// dm+d VMP or AMP.
    pub medication_code: String,
    /// Its name, required.
    pub medication_display: String,
    /// Dosage in full words.
    pub dosage: String,
    /// Quantity to supply.
    pub quantity: Quantity,
    /// Note for the dispenser.
    pub note: Option<String>,
    /// Endorsements: `CC`, `FS`, `ACBS`, `SLS`, `AF`.
    pub endorsements: Vec<String>,
    /// For controlled drugs.
    pub controlled: Option<ControlledDrug>,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Quantity {
    pub(super) fn write(&self) -> Value {
        json!({
            "value": number(&self.value),
            "unit": self.unit,
            "system": systems::SNOMED,
            "code": self.unit_code,
        })
    }

    fn read(value: &Value) -> Result<Self, FhirError> {
        let number = value.get("value").and_then(Value::as_number);
        Ok(Self {
            value: number.ok_or(FhirError::Missing { what: "dispenseRequest.quantity.value" })?.to_string(),
            unit: required(value, "/unit", "dispenseRequest.quantity.unit")?,
            unit_code: required(value, "/code", "dispenseRequest.quantity.code")?,
        })
    }
}

/// FHIR wants a JSON number. Text that is none becomes null, which [`super::check`] has reported before.
fn number(text: &str) -> Value {
    let whole = text.parse::<u64>().map(Number::from).ok();
    whole.or_else(|| Number::from_f64(text.parse().ok()?)).map_or(Value::Null, Value::Number)
}

impl Item {
    /// Extensions of this item alone.
    pub(super) fn extensions(&self) -> Vec<Value> {
        let endorsements = self.endorsements.iter().map(|code| {
            json!({
                "url": systems::ENDORSEMENT,
                "valueCodeableConcept": concept(systems::ENDORSEMENT_CODES, code, None),
            })
        });
        let controlled = self.controlled.iter().map(|drug| {
            let words = drug.quantity_words.as_ref().map(|words| json!({"url": "quantityWords", "valueString": words}));
            let coding = coded(systems::CONTROLLED_DRUG_CODES, &drug.schedule, Some(&schedule_display(&drug.schedule)));
            json!({
                "url": systems::CONTROLLED_DRUG,
                "extension": [words, {"url": "schedule", "valueCoding": coding}],
            })
        });
        endorsements.chain(controlled).collect()
    }

    pub(super) fn read(request: &Value) -> Result<Self, FhirError> {
        let missing = |what| FhirError::Missing { what };
        let id =
            crate::json::identifier(request, systems::ITEM_NUMBER).ok_or(missing("MedicationRequest.identifier"))?;
        let medication = request
            .get("medicationCodeableConcept")
            .and_then(|concept| coding(concept, systems::SNOMED))
            .ok_or(missing("medicationCodeableConcept with a SNOMED CT code"))?;
        let quantity = request.pointer("/dispenseRequest/quantity").ok_or(missing("dispenseRequest.quantity"))?;
        Ok(Self {
            id: Uuid::parse_str(id)
                .map_err(|_| FhirError::Invalid { what: "MedicationRequest.identifier", expected: "a UUID" })?,
            medication_code: required(medication, "/code", "medication code")?,
            medication_display: required(medication, "/display", "medication display")?,
            dosage: dosage(request).ok_or(missing("dosageInstruction.text"))?,
            quantity: Quantity::read(quantity)?,
            note: owned(request, "/note/0/text"),
            endorsements: endorsements(request),
            controlled: controlled(request)?,
        })
    }
}

fn schedule_display(schedule: &str) -> String {
    format!("Schedule {}", schedule.strip_prefix("CD").unwrap_or(schedule))
}

/// Several instructions become one text in their order.
fn dosage(request: &Value) -> Option<String> {
    let texts: Vec<&str> = list(request, "dosageInstruction").iter().filter_map(|d| text(d, "/text")).collect();
    (!texts.is_empty()).then(|| texts.join(", then "))
}

fn endorsements(request: &Value) -> Vec<String> {
    list(request, "extension")
        .iter()
        .filter(|extension| text(extension, "/url") == Some(systems::ENDORSEMENT))
        .filter_map(|extension| owned(extension, "/valueCodeableConcept/coding/0/code"))
        .collect()
}

fn controlled(request: &Value) -> Result<Option<ControlledDrug>, FhirError> {
    let Some(outer) = extension(request, systems::CONTROLLED_DRUG) else { return Ok(None) };
    let schedule = extension(outer, "schedule").and_then(|schedule| owned(schedule, "/valueCoding/code"));
    Ok(Some(ControlledDrug {
        schedule: schedule.ok_or(FhirError::Missing { what: "controlled drug schedule" })?,
        quantity_words: extension(outer, "quantityWords").and_then(|words| owned(words, "/valueString")),
    }))
}
