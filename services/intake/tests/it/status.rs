//! Status by reference and birth date, and its limit.

use ehub_intake::testing;
use ehub_proto::intake::v1::{
    GetConsultationStatusRequest, GetConsultationStatusResponse, State, intake_service_server::IntakeService,
};
use ehub_test_support::client;
use tonic::{Code, Status};

use crate::world::{World, call, reason, submission, supplier};

async fn ask(world: &World, reference: &str, birth_date: &str) -> Result<GetConsultationStatusResponse, Status> {
    let message = GetConsultationStatusRequest { reference: reference.to_owned(), birth_date: birth_date.to_owned() };
    // Another client than the one that submitted: its narrow token names no practice.
    let caller = client("SUP09", "status-page", &[]);
    let rpc = testing::rpc(&world.db.run);
    rpc.get_consultation_status(call(message, "GetConsultationStatus", caller)).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_attempts_close_the_door_for_ten_minutes() {
    let world = World::new().await;
    let accepted = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let reference = accepted.receipt.expect("a receipt").reference;
    for _ in 0..5 {
        let status = ask(&world, &reference, "1980-05-02").await.err().expect("wrong");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "CONSULTATION_NOT_FOUND"));
    }
    let status = ask(&world, &reference, "1980-05-01").await.err().expect("closed, though right");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS"));
    world.hand.advance(std::time::Duration::from_secs(601));
    let found = ask(&world, &reference.to_lowercase().replace('-', " "), "1980-05-01").await.expect("open again");
    assert!(found.state() == State::Accepted);
    assert!(found.respond_by.is_some() && found.close_time.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_reference_is_a_wrong_field() {
    let world = World::new().await;
    let status = ask(&world, "ABC-DEF-GHI", "tomorrow").await.err().expect("refused");
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert_eq!(details.bad_request().expect("fields").field_violations.len(), 2);
}
