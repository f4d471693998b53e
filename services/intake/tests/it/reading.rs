//! Reading: who sees what.

use ehub_intake::testing;
use ehub_proto::{
    intake::v1::{
        GetConsultationRequest, GetConsultationResponse, ListConsultationsRequest, intake_service_server::IntakeService,
    },
    internal::v1::{FenceRequest, FencedClaim, claim_guard_server::ClaimGuard},
};
use ehub_test_support::{client, grant, person};
use time::macros::datetime;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::world::{ALDER, BIRCH, HUB, World, anna, call, reason, submission, supplier, with_grant};

async fn get(
    world: &World,
    name: &str,
    caller: std::sync::Arc<ehub_auth::Caller>,
) -> Result<GetConsultationResponse, Status> {
    let message = GetConsultationRequest { name: name.to_owned() };
    let rpc = testing::rpc(&world.db.run);
    rpc.get_consultation(call(message, "GetConsultation", caller)).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn not_yours_and_not_there_look_the_same() {
    let world = World::new().await;
    let accepted = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let absent = format!("consultations/{}", Uuid::from_u128(5));
    let cases = [
        (accepted.consultation.as_str(), person(BIRCH.1, "bo")),
        (accepted.consultation.as_str(), client("SUP02", "another", &[ALDER.1])),
        (absent.as_str(), person(ALDER.1, "pat")),
    ];
    for (name, caller) in cases {
        let status = get(&world, name, caller).await.err().expect("refused");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "CONSULTATION_NOT_FOUND"));
        assert_eq!(status.message(), "no such consultation");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hubs_people_read_under_a_grant() {
    let world = World::new().await;
    let accepted = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let status = get(&world, &accepted.consultation, anna()).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "GRANT_REQUIRED"));
    let id = Uuid::parse_str(accepted.consultation.trim_start_matches("consultations/")).expect("a UUID");
    let held = grant(id, "anna", HUB.0, ALDER.0, 1, datetime!(2026-03-02 09:10 UTC));
    let message = GetConsultationRequest { name: accepted.consultation.clone() };
    let rpc = testing::rpc(&world.db.run);
    let read = rpc.get_consultation(with_grant(message, "GetConsultation", anna(), held)).await.expect("readable");
    let content = read.into_inner().consultation.expect("there").content.expect("with content");
    assert_eq!(content.free_text, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_reads_nothing_once_its_claim_is_over() {
    let world = World::new().await;
    let accepted = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let consultation = accepted.consultation.trim_start_matches("consultations/").to_owned();
    let id = Uuid::parse_str(&consultation).expect("a UUID");
    let claims = vec![FencedClaim { consultation, epoch: 2 }];
    testing::guard(&world.db.run).fence(tonic::Request::new(FenceRequest { claims })).await.expect("fenced");
    for (epoch, outcome) in [(1, Some("CLAIM_SUPERSEDED")), (2, None)] {
        let held = grant(id, "anna", HUB.0, ALDER.0, epoch, datetime!(2026-03-02 09:10 UTC));
        let message = GetConsultationRequest { name: accepted.consultation.clone() };
        let rpc = testing::rpc(&world.db.run);
        let read = rpc.get_consultation(with_grant(message, "GetConsultation", anna(), held)).await;
        assert_eq!(read.err().map(|status| reason(&status)).as_deref(), outcome, "epoch {epoch}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_practice_and_the_submitter_read_and_see_related_ones() {
    let world = World::new().await;
    let first = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let second = world.submit(submission("worse"), supplier()).await.expect("accepted").into_inner();
    for caller in [person(ALDER.1, "pat"), supplier()] {
        let read = get(&world, &second.consultation, caller).await.expect("readable").consultation.expect("there");
        assert_eq!(read.related, std::slice::from_ref(&first.consultation));
        assert_eq!(read.patient.expect("with the patient").family_name, "Teak");
    }
    let reads = "ehub.outbox where kind = 'ehub.audit.event.v1.AccessRecorded' and consultation is not null";
    assert_eq!(world.count(reads).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_newest_first_and_without_content() {
    let world = World::new().await;
    for text in ["one", "two", "three"] {
        world.submit(submission(text), supplier()).await.expect("accepted");
        world.hand.advance(std::time::Duration::from_secs(1));
    }
    let rpc = testing::rpc(&world.db.run);
    let mut message = ListConsultationsRequest { page_size: 2, ..ListConsultationsRequest::default() };
    let page =
        rpc.list_consultations(call(message.clone(), "ListConsultations", anna())).await.expect("listed").into_inner();
    assert_eq!(page.consultations.len(), 2);
    assert!(page.consultations.iter().all(|listed| listed.content.is_none() && listed.patient.is_none()));
    message.page_token = page.next_page_token;
    let rest =
        rpc.list_consultations(call(message.clone(), "ListConsultations", anna())).await.expect("listed").into_inner();
    assert_eq!((rest.consultations.len(), rest.next_page_token.as_str()), (1, ""));
    let status = rpc
        .list_consultations(call(message, "ListConsultations", person(ALDER.1, "pat")))
        .await
        .err()
        .expect("another's token");
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    let none = ListConsultationsRequest::default();
    let page = rpc.list_consultations(call(none, "ListConsultations", person(BIRCH.1, "bo"))).await.expect("empty");
    assert!(page.into_inner().consultations.is_empty());
}
