//! What a refusal looks like, to people and to programs.

use std::{collections::HashMap, time::Duration};

use anyhow::Context;

use super::*;

fn told(status: Status) -> Told {
    Told::of(&anyhow::Error::from(status))
}

fn open_actions() -> Status {
    let metadata =
        HashMap::from([("grant".to_owned(), "secret-grant".to_owned()), ("epoch".to_owned(), "4".to_owned())]);
    let mut details = ErrorDetails::with_error_info("OPEN_ACTIONS", "allocation.ehub", metadata);
    details.add_precondition_failure_violation("ENTRY_MISSING", "consultations/1", "an entry is needed");
    Status::with_error_details(Code::FailedPrecondition, "there are open actions", details)
}

#[test]
fn every_wrong_field_is_named() {
    let mut details = ErrorDetails::with_error_info("INVALID_FIELDS", "server.ehub", HashMap::new());
    details.add_bad_request_violation("patient.birth_date", "must not be in the future");
    details.add_bad_request_violation("content.topic", "is required");
    let told = told(Status::with_error_details(Code::InvalidArgument, "two fields are wrong", details));
    let text = console::strip_ansi_codes(&told.text()).into_owned();
    assert!(text.contains("refused: INVALID_ARGUMENT · INVALID_FIELDS (server.ehub)"), "{text}");
    assert!(text.contains("patient.birth_date: must not be in the future"), "{text}");
    assert!(text.contains("content.topic: is required"), "{text}");
    let json = told.json();
    assert_eq!(json["error"]["exit_code"], 4);
    assert_eq!(json["error"]["fields"][1], json!({ "field": "content.topic", "description": "is required" }));
}

#[test]
fn a_grant_in_metadata_is_never_printed() {
    let told = told(open_actions());
    for shown in [told.text(), told.json().to_string()] {
        assert!(!shown.contains("secret-grant"), "{shown}");
        assert!(shown.contains("ENTRY_MISSING") && shown.contains("epoch"), "{shown}");
    }
    assert_eq!(told.json()["error"]["preconditions"][0]["subject"], "consultations/1");
    assert!(told.text().contains("ehub complete again"));
}

#[test]
fn retry_advice_is_the_services_own() {
    let mut details = ErrorDetails::with_error_info("TOO_MANY_ATTEMPTS", "intake.ehub", HashMap::new());
    details.set_retry_info(Some(Duration::from_millis(2_500)));
    let told = told(Status::with_error_details(Code::ResourceExhausted, "too many", details));
    assert!(told.text().contains("try again in 2.5 s"));
    assert_eq!(told.json()["error"]["retry_after_seconds"], 2.5);
}

#[test]
fn what_we_were_about_to_do_is_told_too() {
    let error =
        Err::<(), _>(Status::unavailable("connection refused")).context("the checkpoint").expect_err("an error");
    let told = Told::of(&error);
    assert!(
        console::strip_ansi_codes(&told.text())
            .starts_with("unreachable: UNAVAILABLE\n  the checkpoint: connection refused")
    );
    assert_eq!(told.json()["error"]["exit_code"], 5);
    assert_eq!(told.json()["error"]["reason"], Value::Null);
}

#[test]
fn our_own_errors_have_the_same_shape() {
    let told = Told::of(&exit::Problem::Late("nothing came".into()).into());
    assert_eq!(told.json(), json!({ "error": { "exit_code": 3, "message": "nothing came" } }));
}
