//! MESH: duplicates, quarantine, conversion, acknowledgements.

use ehub_intake::testing::{self, Read};
use ehub_itk3::{
    Edition, Envelope, Handling, Name, Need as ReportNeed, OnlineConsultation, Organisation, Patient, Response,
    Submitter,
};
use ehub_proto::intake::v1::{
    ConvertQuarantinedRequest, ListQuarantinedRequest, Quarantined, SubmitterKind, Urgency,
    intake_service_server::IntakeService,
};
use ehub_test_support::person;
use time::macros::{date, datetime};
use tonic::Code;
use uuid::Uuid;

use crate::world::{ALDER, BIRCH, World, anna, call, content, patient, reason};

pub fn report(practice: &str, text: &str) -> OnlineConsultation {
    OnlineConsultation {
        envelope: Envelope {
            bundle_id: Uuid::now_v7().to_string(),
            header_id: Uuid::now_v7().to_string(),
            event: ehub_itk3::EVENT_SEND_DOCUMENT.to_owned(),
            sent_at: Some(datetime!(2026-03-02 08:30 UTC)),
            sender: Some(Organisation { ods_code: "SUP01".to_owned(), ..Organisation::default() }),
            source_mailbox: Some("SUPPL001".to_owned()),
            handling: Handling {
                business_ack: true,
                infrastructure_ack: true,
                sender_reference: Some("ref-1".to_owned()),
                local_extension: Some("SendDocument-OnlineConsultationReport".to_owned()),
                ..Handling::default()
            },
        },
        edition: Edition::Structured,
        document_id: None,
        composed_at: Some(datetime!(2026-03-02 08:30 UTC)),
        authored_at: Some(datetime!(2026-03-02 08:20 UTC)),
        title: Some("Online consultation".to_owned()),
        confidentiality: None,
        patient: Patient {
            nhs_number: Some("9990000018".to_owned()),
            name: Name { family: "Teak".to_owned(), given: vec!["Ann".to_owned()], prefix: Vec::new() },
            birth_date: Some(date!(1980 - 05 - 01)),
            registered_practice: Some(practice.to_owned()),
            ..Patient::default()
        },
        submitter: Submitter::default(),
        custodian: Some(Organisation { ods_code: practice.to_owned(), ..Organisation::default() }),
        priority: None,
        need: Some(ReportNeed::Clinical),
        topic: Some("Back pain".to_owned()),
        questionnaire: None,
        answers: Vec::new(),
        free_text: Some(text.to_owned()),
        statements: Vec::new(),
        narrative: None,
        pdf: None,
        attachments: Vec::new(),
        notes: Vec::new(),
    }
}

/// The codes of the acknowledgements that wait, all to the supplier's mailbox.
async fn answers(world: &World) -> Vec<u32> {
    let mut codes = Vec::new();
    while let Some((to, body)) = testing::next_acknowledgement(&world.db.work).await.expect("taken") {
        assert_eq!(to, "SUPPL001");
        let response = Response::parse(&body).expect("an ITK3 response");
        assert_eq!(response.sender_reference(), Some("ref-1"));
        codes.push(response.code().expect("a code").code);
    }
    codes.sort_unstable();
    codes
}

pub async fn land_and_read(world: &World, mesh_id: &str, body: &[u8]) -> Read {
    testing::land(&world.db.work, mesh_id, "SUPPL001", body).await.expect("landed");
    testing::read(&world.db.work).await.expect("read")
}

pub async fn waiting(world: &World) -> Vec<Quarantined> {
    let message = call(ListQuarantinedRequest::default(), "ListQuarantined", anna());
    testing::rpc(&world.db.run).list_quarantined(message).await.expect("listed").into_inner().quarantined
}

fn conversion(name: &str) -> ConvertQuarantinedRequest {
    ConvertQuarantinedRequest {
        request_id: crate::world::id(),
        name: name.to_owned(),
        practice_ods: ALDER.1.to_owned(),
        patient: Some(patient()),
        submitter: Some(ehub_proto::intake::v1::Submitter {
            kind: SubmitterKind::Self_.into(),
            ..ehub_proto::intake::v1::Submitter::default()
        }),
        content: Some(content("my back hurts")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_rejected_and_says_so() {
    let world = World::new().await;
    let body = report(ALDER.1, "my back hurts").to_xml();
    assert!(matches!(land_and_read(&world, "M1", &body).await, Read::Accepted(_)));
    assert_eq!(answers(&world).await, [20013, 30001]);
    // MESH gives the same message again: the acknowledgement to MESH was lost.
    assert_eq!(land_and_read(&world, "M1", &body).await, Read::Nothing);
    // The sender sends it again.
    assert_eq!(land_and_read(&world, "M2", &body).await, Read::Duplicate);
    assert_eq!(answers(&world).await, [20007]);
    assert_eq!(world.count("intake.consultation").await, 1);
    assert_eq!(world.count("ehub.outbox where kind = 'ehub.intake.event.v1.MessageRejected'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_accepted_from_first_contact_on() {
    let world = World::new().await;
    land_and_read(&world, "M1", &report(ALDER.1, "my back hurts").to_xml()).await;
    let same = "intake.consultation where client = 'mesh:SUPPL001' and channel = 'MESH' and topic = 'back-pain' \
                and first_contact_time = '2026-03-02 08:20Z'";
    assert_eq!(world.count(same).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_screened_and_given_an_owner() {
    let world = World::new().await;
    let read = land_and_read(&world, "M1", b"<Bundle><text value='I have chest pain and cannot breathe'").await;
    assert!(matches!(read, Read::Quarantined(_)));
    assert_eq!(answers(&world).await, [0_u32; 0]);
    let kept = waiting(&world).await;
    assert_eq!((kept.len(), kept[0].cause.as_str(), kept[0].owner_ods.as_str()), (1, "UNREADABLE", "H8H01"));
    let deadline = kept[0].deadline.expect("a deadline").seconds;
    assert_eq!(deadline, datetime!(2026-03-02 09:15 UTC).unix_timestamp());
    assert_eq!(kept[0].screened().as_str_name(), Urgency::Emergency.as_str_name());
    assert_eq!(world.count("intake.page where kind = 'QUARANTINED'").await, 1);
    assert_eq!(world.count("ehub.outbox where kind = 'ehub.intake.event.v1.MessageQuarantined'").await, 1);
    assert_eq!(world.count("intake.landed_message where octet_length(body) > 0").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_and_strange_practices_are_kept_with_their_cause() {
    let world = World::new().await;
    let mut wrong = report(ALDER.1, "hello");
    wrong.patient.nhs_number = Some("9990000019".to_owned());
    land_and_read(&world, "M1", &wrong.to_xml()).await;
    assert_eq!(answers(&world).await, [20009]);
    land_and_read(&world, "M2", &report(BIRCH.1, "hello").to_xml()).await;
    assert_eq!(answers(&world).await, [20010]);
    let mut causes: Vec<(String, Vec<String>)> =
        waiting(&world).await.into_iter().map(|kept| (kept.cause, kept.wrong_fields)).collect();
    causes.sort();
    let expected =
        [("INVALID_FIELDS".to_owned(), vec!["patient.nhs_number".to_owned()]), ("NOT_ENROLLED".to_owned(), Vec::new())];
    assert_eq!(causes, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hubs_quarantine_is_not_there() {
    let world = World::new().await;
    land_and_read(&world, "M1", b"not xml").await;
    let name = waiting(&world).await[0].name.clone();
    let rpc = testing::rpc(&world.db.run);
    let message = call(conversion(&name), "ConvertQuarantined", person(ALDER.1, "pat"));
    let status = rpc.convert_quarantined(message).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "QUARANTINED_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_keeps_the_time_and_happens_once() {
    let world = World::new().await;
    land_and_read(&world, "M1", b"not xml").await;
    let name = waiting(&world).await[0].name.clone();
    world.hand.advance(std::time::Duration::from_secs(600));
    let rpc = testing::rpc(&world.db.run);
    let message = call(conversion(&name), "ConvertQuarantined", anna());
    let made = rpc.convert_quarantined(message).await.expect("converted").into_inner();
    assert!(waiting(&world).await.is_empty());
    let respond_by = made.receipt.expect("a receipt").respond_by.expect("set").seconds;
    assert_eq!(respond_by, datetime!(2026-03-03 09:00 UTC).unix_timestamp());
    let message = call(conversion(&name), "ConvertQuarantined", anna());
    let status = rpc.convert_quarantined(message).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "QUARANTINE_SETTLED"));
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert_eq!(details.error_info().expect("info").metadata["consultation"], made.consultation);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_unknown_outcome_is_sent_again_byte_for_byte() {
    let world = World::new().await;
    let mut once = report(ALDER.1, "my back hurts");
    once.envelope.handling.business_ack = false;
    land_and_read(&world, "M1", &once.to_xml()).await;
    let first = testing::next_acknowledgement(&world.db.work).await.expect("taken").expect("waits");
    assert_eq!(testing::next_acknowledgement(&world.db.work).await.expect("taken"), None);
    world.hand.advance(std::time::Duration::from_secs(301));
    let again = testing::next_acknowledgement(&world.db.work).await.expect("taken").expect("waits again");
    assert_eq!(again, first);
}
