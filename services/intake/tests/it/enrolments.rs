//! Enrolments: overlap, etag, whose they are.

use ehub_intake::testing;
use ehub_proto::intake::v1::{Enrolment, ListEnrolmentsRequest, intake_service_server::IntakeService};
use ehub_test_support::person;
use tonic::Code;

use crate::world::{ALDER, BIRCH, World, anna, call, enrolment, reason};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named_at_once() {
    let world = World::without_enrolment().await;
    let mut wrong = enrolment();
    wrong.hub_ods = "H9H99".to_owned();
    wrong.to_date = "2025-01-01".to_owned();
    wrong.promises.pop();
    wrong.duty_contact = "http://example.org".to_owned();
    let status = world.put(wrong).await.err().expect("refused");
    let details = tonic_types::StatusExt::get_error_details(&status);
    let fields: Vec<&str> = details
        .bad_request()
        .expect("fields")
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["enrolment.hub_ods", "enrolment.to_date", "enrolment.promises", "enrolment.duty_contact"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn overlaps_are_refused_and_succession_is_not() {
    let world = World::new().await;
    let status = world.put(enrolment()).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "ENROLMENT_OVERLAPS"));
    let before = Enrolment { from_date: "2025-01-01".to_owned(), to_date: "2026-01-01".to_owned(), ..enrolment() };
    world.put(before).await.expect("ends the day the other begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_etag_and_a_strange_name_are_refused() {
    let world = World::without_enrolment().await;
    let first = world.put(enrolment()).await.expect("put").into_inner().enrolment.expect("there");
    let second = world.put(Enrolment { hub_name: "Hub".to_owned(), ..first.clone() }).await.expect("replaced");
    assert_eq!(second.into_inner().enrolment.expect("there").version, 2);
    let status = world.put(first).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    let strange =
        Enrolment { name: format!("enrolments/{}", crate::world::id()), etag: "v1".to_owned(), ..enrolment() };
    let status = world.put(strange).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "ENROLMENT_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hub_and_practice_list_them_and_others_do_not() {
    let world = World::new().await;
    let rpc = testing::rpc(&world.db.run);
    for (caller, expected) in [(anna(), 1), (person(ALDER.1, "pat"), 1), (person(BIRCH.1, "bo"), 0)] {
        let listed = rpc
            .list_enrolments(call(ListEnrolmentsRequest::default(), "ListEnrolments", caller))
            .await
            .expect("listed");
        assert_eq!(listed.into_inner().enrolments.len(), expected);
    }
}
