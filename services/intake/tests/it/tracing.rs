//! Demographics: after acceptance, and again for whoever sends something out.

use ehub_auth::{GrantPresented, Kind};
use ehub_intake::testing;
use ehub_proto::{
    intake::v1::TraceOutcome,
    internal::v1::{TracePatientRequest, patients_server::Patients},
};
use ehub_test_support::{caller, request};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tonic::Code;

use crate::world::{World, reason, submission, supplier};

/// A demographics service that gives every question one answer; its base address.
async fn answering(status: &'static str, answer: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/FHIR/R4", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = vec![0; 8192];
            let _ = stream.read(&mut question).await;
            let body = answer.to_string();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    base
}

fn record(practice: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": "9990000018", "birthDate": "1980-05-01",
        "name": [{"use": "usual", "family": "TEAK", "given": ["Ann"]}],
        "generalPractitioner": [{"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": practice}}]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn demographics_that_fail_leave_the_patient_on_the_list() {
    let world = World::new().await;
    world.submit(submission("hello"), supplier()).await.expect("accepted");
    let base = answering("503 Unavailable", json!({})).await;
    assert!(!testing::trace(&world.db.work, &base).await);
    assert_eq!(world.count("intake.trace_queue where attempts = 1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_recorded_and_made_known_once() {
    let world = World::new().await;
    world.submit(submission("hello"), supplier()).await.expect("accepted");
    let base = answering("200 OK", record("A81001")).await;
    assert!(testing::trace(&world.db.work, &base).await);
    assert_eq!(world.count("intake.consultation where trace_outcome = 'VERIFIED'").await, 1);
    assert_eq!(world.count("intake.trace_queue").await, 0);
    assert_eq!(world.count("ehub.outbox where kind = 'ehub.intake.event.v1.PatientTraced'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_services_get_the_patient_traced_again_or_nothing() {
    let world = World::new().await;
    let made = world.submit(submission("hello"), supplier()).await.expect("accepted").into_inner();
    let consultation = made.consultation.trim_start_matches("consultations/").to_owned();
    let writeback = std::sync::Arc::new(caller(Kind::Service, "H8H01", "writeback"));
    let ask = |consultation: &str| {
        let message = TracePatientRequest { consultation: consultation.to_owned() };
        request(message, "/ehub.internal.v1.Patients/TracePatient", writeback.clone(), GrantPresented::Absent)
    };
    let unreachable = testing::patients(&world.db.run, Some("http://127.0.0.1:1"));
    for rpc in [testing::patients(&world.db.run, None), unreachable] {
        let status = rpc.trace_patient(ask(&consultation)).await.err().expect("refused");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "DEMOGRAPHICS_UNAVAILABLE"));
    }
    let base = answering("200 OK", record("B82002")).await;
    let rpc = testing::patients(&world.db.run, Some(&base));
    let status = rpc.trace_patient(ask(&crate::world::id())).await.err().expect("refused");
    assert_eq!(status.code(), Code::NotFound);
    let traced = rpc.trace_patient(ask(&consultation)).await.expect("traced").into_inner();
    assert_eq!(traced.outcome().as_str_name(), TraceOutcome::Moved.as_str_name());
    assert_eq!((traced.practice_ods.as_str(), traced.registered_practice_ods.as_str()), ("A81001", "B82002"));
    assert_eq!((traced.practice_name.as_str(), traced.hub_name.as_str()), ("Alder Surgery", "Northside Access Hub"));
    assert_eq!(traced.patient.expect("a patient").nhs_number, "9990000018");
}
