//! Demographics answers.

use super::*;
use crate::to_bytes;
use time::macros::{date, datetime};

fn patient() -> PdsPatient {
    PdsPatient {
        nhs_number: "9990000018".into(),
        verification: Some("01".into()),
        version: Some("2".into()),
        confidentiality: Confidentiality::Unrestricted,
        name: Some(HumanName { family: "Teak".into(), given: vec!["Ann".into()], prefix: vec!["Ms".into()] }),
        birth_date: Some(date!(1980 - 02 - 29)),
        gender: Some("female".into()),
        deceased: Some(datetime!(2026-01-02 00:00 UTC)),
        practice: Some("A83008".into()),
        nominated_pharmacy: Some("FA565".into()),
        address: Some(Address {
            lines: vec!["1 High Street".into()],
            city: None,
            district: None,
            postcode: Some("LS1 1AA".into()),
        }),
    }
}

#[test]
fn a_resource_without_an_nhs_number_is_refused() {
    let error = PdsPatient::parse(br#"{"resourceType":"Patient"}"#).unwrap_err();
    assert_eq!(error, FhirError::Missing { what: "Patient.identifier with an NHS number" });
    assert!(PdsPatient::parse(br#"{"resourceType":"Bundle"}"#).is_err());
}

#[test]
fn an_unknown_label_counts_as_sensitive() {
    let json = br#"{"resourceType":"Patient","id":"9990000018","meta":{"security":[{"code":"X"}]}}"#;
    assert!(PdsPatient::parse(json).unwrap().confidentiality.is_sensitive());
}

#[test]
fn what_is_written_reads_back() {
    for confidentiality in [
        Confidentiality::Unrestricted,
        Confidentiality::Restricted,
        Confidentiality::VeryRestricted,
        Confidentiality::Redacted,
    ] {
        let patient = PdsPatient { confidentiality, ..patient() };
        assert!(PdsPatient::parse(&to_bytes(&patient.to_json())).unwrap() == patient);
    }
}

#[test]
fn a_sensitive_patient_has_no_practice() {
    let mut sensitive = patient();
    sensitive.confidentiality = Confidentiality::Restricted;
    sensitive.practice = None;
    sensitive.address = None;
    sensitive.nominated_pharmacy = None;
    let read = PdsPatient::parse(&to_bytes(&sensitive.to_json())).unwrap();
    assert!(read == sensitive && read.confidentiality.is_sensitive());
}

#[test]
fn a_superseded_number_is_noticed() {
    assert_eq!(patient().superseding("9990000026"), Some("9990000018"));
    assert_eq!(patient().superseding("9990000018"), None);
}

#[test]
fn a_past_practice_is_not_the_practice() {
    let json = br#"{"resourceType":"Patient","id":"1","generalPractitioner":[
        {"identifier":{"value":"OLD","period":{"start":"2010-01-01","end":"2020-01-01"}}},
        {"identifier":{"value":"A83008","period":{"start":"2020-01-01"}}}]}"#;
    assert_eq!(PdsPatient::parse(json).unwrap().practice.as_deref(), Some("A83008"));
}

#[test]
fn debug_shows_no_person() {
    let shown = format!("{:?}", patient());
    assert!(!shown.contains("Teak") && !shown.contains("9990000018"), "{shown}");
}
