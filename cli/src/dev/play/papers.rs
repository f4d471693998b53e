//! What the played clinicians write: the entry and the prescription.

use ehub_proto::{
    allocation::v1::WorkItem,
    prescribing::v1::{Item, RaisePrescriptionRequest},
    writeback::v1::{CodedItem, EntryContent, FileEntryRequest, FitNote, Observation},
};

use crate::{dev::world::COST_CENTRE, session::new_id};

/// The entry for the practice's record.
pub fn entry(item: &WorkItem) -> FileEntryRequest {
    let heading = |key: &str, text: &str| (key.to_owned(), text.to_owned());
    let fit_note = (item.topic == "fit-note").then(|| FitNote {
        issuer: "Hub clinician, in the practice's own system".to_owned(),
        system: "Practice clinical system".to_owned(),
        from_date: "2026-01-05".to_owned(),
        to_date: "2026-01-19".to_owned(),
    });
    let content = EntryContent {
        headings: [
            heading("presenting-complaint", "As written by the patient in the online consultation."),
            heading("assessment", "No red flags on direct questions."),
            heading("plan", "Self-care advice given; review if not better in a week."),
            heading("safety-net", "Told to call 111 if worse, 999 in an emergency."),
        ]
        .into(),
        items: vec![CodedItem {
            kind: "FINDING".to_owned(),
            concept_id: "149951000000107".to_owned(),
            description_id: String::new(),
            term: "Patient information received using GP online consultation system".to_owned(),
        }],
        observations: vec![Observation {
            concept_id: "703421000".to_owned(),
            term: "Temperature".to_owned(),
            value: "37.1".to_owned(),
            unit: "Cel".to_owned(),
        }],
        follow_up: "None planned.".to_owned(),
        fit_note,
        hide_from_online_record: false,
    };
    FileEntryRequest {
        request_id: new_id(),
        name: format!("entries/{}", new_id()),
        consultation: item.consultation.clone(),
        content: Some(content),
        etag: String::new(),
    }
}

/// A course of antibiotics.
pub fn prescription(item: &WorkItem) -> RaisePrescriptionRequest {
    RaisePrescriptionRequest {
        request_id: new_id(),
        name: format!("prescriptions/{}", new_id()),
        consultation: item.consultation.clone(),
        cost_centre_ods: COST_CENTRE.to_owned(),
        items: vec![Item {
            medicine_code: "39732311000001104".to_owned(),
            medicine_name: "Amoxicillin 250mg capsules".to_owned(),
            quantity: "15".to_owned(),
            unit_code: "428673006".to_owned(),
            unit_name: "capsule".to_owned(),
            dosage: "One capsule three times a day for five days".to_owned(),
            days: 5,
            course_of_therapy: "acute".to_owned(),
            ..Item::default()
        }],
        pharmacy_ods: String::new(),
        override_recent_issue: String::new(),
    }
}
