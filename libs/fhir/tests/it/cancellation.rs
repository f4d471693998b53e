//! Cancellations and their answers.

use crate::samples::{prescriber, prescription};
use ehub_fhir::*;
use time::macros::datetime;
use uuid::Uuid;

fn cancellation() -> Cancellation {
    Cancellation {
        message_id: "22d28bbf-e9ed-4c77-8374-3aaf88596109".into(),
        prescription: prescription(),
        item_id: prescription().items[1].id,
        reason: CancelReason::ClinicalContraIndication,
        cancelled_by: None,
    }
}

/// What a receiver can know: the cancelled item only, under the cancellation's message id.
fn seen(cancellation: &Cancellation) -> Cancellation {
    let mut seen = cancellation.clone();
    seen.prescription.items.retain(|item| item.id == cancellation.item_id);
    seen.prescription.message_id = cancellation.message_id.clone();
    seen
}

fn response(status: CancelStatus) -> CancelResponse {
    CancelResponse {
        message_id: "m2".into(),
        response_to: "m1".into(),
        ok: status.is_cancelled(),
        item_id: prescription().items[0].id,
        short_id: prescription().short_id,
        status,
        status_at: Some(datetime!(2026-03-04 11:00 UTC)),
        dispenser: status.is_pending().then(|| "FA565".into()),
    }
}

#[test]
fn an_item_the_prescription_does_not_have_cannot_be_cancelled() {
    assert_eq!(Cancellation { item_id: Uuid::nil(), ..cancellation() }.bundle(), None);
}

#[test]
fn an_order_is_no_cancellation_and_a_cancellation_no_order() {
    let order = to_bytes(&prescription().prepare_bundle());
    assert!(matches!(Cancellation::parse(&order), Err(FhirError::Invalid { .. })));
    let cancel = to_bytes(&cancellation().bundle().unwrap());
    assert!(matches!(Prescription::parse(&cancel), Err(FhirError::Invalid { .. })));
}

#[test]
fn an_unknown_reason_is_refused() {
    let bytes = to_bytes(&cancellation().bundle().unwrap());
    let text = String::from_utf8(bytes).unwrap().replace("\"0002\"", "\"0099\"");
    let error = Cancellation::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(error, FhirError::Invalid { what: "statusReason", .. }), "{error}");
}

#[test]
fn a_cancellation_by_the_prescriber_reads_back() {
    let read = Cancellation::parse(&to_bytes(&cancellation().bundle().unwrap())).unwrap();
    assert_eq!(read, seen(&cancellation()));
}

#[test]
fn a_cancellation_by_another_names_both() {
    let mut other = prescriber();
    other.sds_user_id = "555086718101".into();
    other.name.family = "Ash".into();
    let by_other = Cancellation { cancelled_by: Some(other), ..cancellation() };
    let bundle = by_other.bundle().unwrap();
    let read = Cancellation::parse(&to_bytes(&bundle)).unwrap();
    assert_eq!(read, seen(&by_other));
    assert_eq!(bundle["entry"][1]["resource"]["resourceType"], "MedicationRequest");
}

#[test]
fn an_answer_without_a_known_status_is_refused() {
    let bytes = to_bytes(&response(CancelStatus::Cancelled).to_json());
    let text = String::from_utf8(bytes).unwrap().replace("R-0001", "R-9999");
    assert!(matches!(CancelResponse::parse(text.as_bytes()), Err(FhirError::Invalid { .. })));
}

#[test]
fn every_answer_reads_back() {
    for status in CancelStatus::ALL {
        let answer = response(status);
        assert_eq!(CancelResponse::parse(&to_bytes(&answer.to_json())).unwrap(), answer);
    }
}
