//! Submitting: refusals first.

use ehub_proto::intake::v1::{Channel, Urgency};
use ehub_test_support::{client, person};
use tonic::Code;

use crate::world::{ALDER, BIRCH, World, anna, reason, submission, supplier};

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_is_named_at_once_and_nothing_is_written() {
    let world = World::new().await;
    let mut message = submission("hello");
    message.request_id = "1".to_owned();
    message.practice_ods = "!".to_owned();
    message.channel = Channel::Mesh.into();
    message.patient.as_mut().expect("there").birth_date = "2027-01-01".to_owned();
    message.content.as_mut().expect("there").topic = "No Topic".to_owned();
    let status = world.submit(message, supplier()).await.err().expect("refused");
    let details = tonic_types::StatusExt::get_error_details(&status);
    let fields: Vec<&str> = details
        .bad_request()
        .expect("fields")
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["request_id", "practice_ods", "channel", "patient.birth_date", "content.topic"]);
    assert_eq!(world.count("intake.consultation").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_that_is_not_enrolled_is_refused() {
    let world = World::new().await;
    let mut message = submission("hello");
    message.practice_ods = BIRCH.1.to_owned();
    let status = world.submit(message, supplier()).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "PRACTICE_NOT_ENROLLED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_submits_for_a_practice_that_is_not_theirs() {
    let world = World::new().await;
    let callers = [client("SUP01", "other", &[BIRCH.1]), person(BIRCH.1, "bo"), person(ALDER.1, "nobody")];
    for caller in callers {
        let status = world.submit(submission("hello"), caller).await.err().expect("refused");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "PRACTICE_NOT_ALLOWED"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_gets_its_answer_once_and_for_all() {
    let world = World::new().await;
    let message = submission("my back hurts");
    let first = world.submit(message.clone(), supplier()).await.expect("accepted").into_inner();
    let again = world.submit(message.clone(), supplier()).await.expect("replayed");
    assert!(again.metadata().contains_key("ehub-replayed"));
    assert!(again.into_inner() == first);
    let mut other = message;
    other.content.as_mut().expect("there").free_text = "something else".to_owned();
    let status = world.submit(other, supplier()).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    assert_eq!(world.count("intake.consultation").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supplier_reference_is_used_once_by_each_client() {
    let world = World::new().await;
    let mut message = submission("hello");
    message.supplier_reference = "S-1".to_owned();
    let first = world.submit(message.clone(), supplier()).await.expect("accepted").into_inner();
    message.request_id = crate::world::id();
    let status = world.submit(message.clone(), supplier()).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "SUPPLIER_REFERENCE_REUSED"));
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert_eq!(details.error_info().expect("info").metadata["consultation"], first.consultation);
    message.request_id = crate::world::id();
    world.submit(message, client("SUP02", "another", &[ALDER.1])).await.expect("another client's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_says_who_answers_and_by_when() {
    let world = World::new().await;
    let accepted = world.submit(submission("my back hurts"), supplier()).await.expect("accepted").into_inner();
    let receipt = accepted.receipt.expect("a receipt");
    assert_eq!(
        (receipt.who_answers.as_str(), receipt.practice_phone.as_str()),
        ("Northside Access Hub", "020 7946 0001")
    );
    // 09:00 and one core day (10.5 hours) more: the next day at 09:00; told by 18:30 today.
    let at = |time: time::OffsetDateTime| time.unix_timestamp();
    assert_eq!(receipt.plan_by.expect("set").seconds, at(time::macros::datetime!(2026-03-02 18:30 UTC)));
    assert_eq!(receipt.respond_by.expect("set").seconds, at(time::macros::datetime!(2026-03-03 09:00 UTC)));
    assert!(accepted.screening.expect("screened").urgency() == Urgency::Routine);
    let shard = ehub_identifiers::OrganisationId::new(ALDER.0).shard().number();
    let id = uuid::Uuid::parse_str(accepted.consultation.trim_start_matches("consultations/")).expect("a UUID");
    assert_eq!(id.as_bytes()[15], shard);
    assert_eq!(world.count("ehub.outbox where kind = 'ehub.intake.event.v1.ConsultationAccepted'").await, 1);
    assert_eq!(
        world.count("ehub.outbox where kind = 'ehub.audit.event.v1.AccessRecorded' and consultation is not null").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_enter_what_came_by_phone() {
    let world = World::new().await;
    let mut message = submission("chest pain");
    message.channel = Channel::Phone.into();
    let accepted = world.submit(message, anna()).await.expect("accepted").into_inner();
    let screening = accepted.screening.expect("screened");
    assert!(screening.urgency() == Urgency::Emergency);
    assert!(!screening.emergency_advice.is_empty());
    assert_eq!(world.count("intake.page where state = 'WAITING'").await, 1);
}
