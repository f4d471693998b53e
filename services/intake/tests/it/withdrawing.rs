//! Withdrawing: who may, what is told, and what it comes to.

use std::sync::Arc;

use ehub_auth::Caller;
use ehub_intake::testing;
use ehub_proto::{
    allocation::event::v1::{ConsultationCompleted, ItemWithdrawn},
    intake::v1::{
        GetConsultationRequest, State, WithdrawConsultationRequest, WithdrawConsultationResponse,
        intake_service_server::IntakeService,
    },
    internal::v1::{DeliverRequest, Event, event_sink_server::EventSink},
};
use ehub_test_support::{client, person};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::world::{ALDER, BIRCH, World, anna, call, id, reason, submission, supplier};

async fn withdraw(
    world: &World,
    name: &str,
    why: &str,
    caller: Arc<Caller>,
) -> Result<WithdrawConsultationResponse, Status> {
    let message = WithdrawConsultationRequest { request_id: id(), name: name.to_owned(), reason: why.to_owned() };
    let rpc = testing::rpc(&world.db.run);
    rpc.withdraw_consultation(call(message, "WithdrawConsultation", caller)).await.map(tonic::Response::into_inner)
}

async fn hear(world: &World, name: &str, kind: &str, body: Vec<u8>) {
    let stream = name.trim_start_matches("consultations/").to_owned();
    let event = Event {
        id: Uuid::now_v7().to_string(),
        stream: stream.clone(),
        version: 1,
        kind: format!("ehub.allocation.event.v1.{kind}"),
        body: body.into(),
        time: Some(prost_types::Timestamp { seconds: 1_772_442_600, nanos: 0 }),
        traceparent: String::new(),
        consultation: stream,
    };
    let batch =
        DeliverRequest { source: "allocation".to_owned(), incarnation: 1, events: vec![event], read_time: None };
    testing::sink(&world.db.run).deliver(tonic::Request::new(batch)).await.expect("judged");
}

const TOLD: &str = "ehub.outbox where kind = 'ehub.intake.event.v1.WithdrawalRequested'";

#[tokio::test(flavor = "multi_thread")]
async fn the_submitter_and_the_practice_withdraw_and_nobody_else() {
    let world = World::new().await;
    let made = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let strangers = [anna(), person(BIRCH.1, "bo"), client("SUP02", "another", &[ALDER.1])];
    for stranger in strangers {
        let status = withdraw(&world, &made.consultation, "BETTER", stranger).await.err().expect("refused");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "CONSULTATION_NOT_FOUND"));
    }
    assert_eq!(world.count(TOLD).await, 0);
    let first = withdraw(&world, &made.consultation, "BETTER", supplier()).await.expect("recorded");
    let again = withdraw(&world, &made.consultation, "OTHER", person(ALDER.1, "pat")).await.expect("known");
    assert!(first == again, "the first wish stands");
    assert_eq!(world.count(TOLD).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn allocation_decides_and_the_state_follows() {
    let world = World::new().await;
    let made = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    withdraw(&world, &made.consultation, "SEEN_ELSEWHERE", supplier()).await.expect("recorded");
    let read = || async {
        let message = GetConsultationRequest { name: made.consultation.clone() };
        let rpc = testing::rpc(&world.db.run);
        let read = rpc.get_consultation(call(message, "GetConsultation", supplier())).await.expect("readable");
        read.into_inner().consultation.expect("there")
    };
    let wished = read().await;
    assert!(wished.state() == State::Accepted);
    assert!(wished.withdraw_request_time.is_some());
    let uuid = made.consultation.trim_start_matches("consultations/").to_owned();
    let withdrawn = ItemWithdrawn { consultation: uuid, episode: 1, withdraw_time: None };
    hear(&world, &made.consultation, "ItemWithdrawn", withdrawn.encode_to_vec()).await;
    assert!(read().await.state() == State::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_not_withdrawn_and_wrong_fields_are_named() {
    let world = World::new().await;
    let made = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let message = WithdrawConsultationRequest { request_id: "no".into(), name: "x".into(), reason: "TIRED".into() };
    let rpc = testing::rpc(&world.db.run);
    let status =
        rpc.withdraw_consultation(call(message, "WithdrawConsultation", supplier())).await.err().expect("refused");
    let details = status.get_error_details();
    let fields: Vec<&str> =
        details.bad_request().expect("fields").field_violations.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["request_id", "name", "reason"]);
    let uuid = made.consultation.trim_start_matches("consultations/").to_owned();
    let done = ConsultationCompleted { consultation: uuid, episode: 1, ..ConsultationCompleted::default() };
    hear(&world, &made.consultation, "ConsultationCompleted", done.encode_to_vec()).await;
    let status = withdraw(&world, &made.consultation, "BETTER", supplier()).await.err().expect("over");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "CONSULTATION_CLOSED"));
}
