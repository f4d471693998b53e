//! Entries and prescriptions as values.

use ehub_proto::{
    prescribing::v1::{Item, Prescription, PrescriptionState},
    writeback::v1::{Entry, EntryState},
};
use serde_json::{Value, json};

use super::{stamp, text, word};

/// An entry without its content.
pub fn entry(entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "consultation": entry.consultation,
        "practice_ods": entry.practice_ods,
        "state": word!(EntryState, "ENTRY_STATE_", entry.state),
        "attention_reason": text(&entry.attention_reason),
        "version": entry.version,
        "file_time": stamp(entry.file_time.as_ref()),
        "send_time": stamp(entry.send_time.as_ref()),
        "deliver_time": stamp(entry.deliver_time.as_ref()),
        "acknowledge_time": stamp(entry.acknowledge_time.as_ref()),
        "etag": text(&entry.etag),
    })
}

/// A prescription.
pub fn prescription(prescription: &Prescription) -> Value {
    json!({
        "name": prescription.name,
        "short_id": text(&prescription.short_id),
        "consultation": prescription.consultation,
        "cost_centre_ods": prescription.cost_centre_ods,
        "practice_ods": text(&prescription.practice_ods),
        "prescriber": prescription.prescriber,
        "state": word!(PrescriptionState, "PRESCRIPTION_STATE_", prescription.state),
        "items": prescription.items.iter().map(item).collect::<Vec<_>>(),
        "pharmacy_ods": text(&prescription.pharmacy_ods),
        "raise_time": stamp(prescription.raise_time.as_ref()),
        "sign_time": stamp(prescription.sign_time.as_ref()),
        "issue_time": stamp(prescription.issue_time.as_ref()),
        "sign_by": stamp(prescription.sign_by.as_ref()),
        "refusal_code": text(&prescription.refusal_code),
        "etag": text(&prescription.etag),
    })
}

fn item(item: &Item) -> Value {
    json!({
        "medicine_code": item.medicine_code,
        "medicine_name": item.medicine_name,
        "quantity": item.quantity,
        "unit_code": item.unit_code,
        "unit_name": item.unit_name,
        "dosage": item.dosage,
        "days": item.days,
        "course_of_therapy": item.course_of_therapy,
        "controlled_schedule": text(&item.controlled_schedule),
        "quantity_words": text(&item.quantity_words),
    })
}
