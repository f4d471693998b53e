//! A hub, two practices, a supplier; one enrolment.

use std::sync::Arc;

use ehub_auth::{Caller, GrantPresented};
use ehub_clock::{Clock, ManualClock};
use ehub_intake::testing;
use ehub_proto::intake::v1::{
    Channel, Content, Enrolment, Need, Patient, Promise, PutEnrolmentRequest, PutEnrolmentResponse,
    SubmitConsultationRequest, SubmitConsultationResponse, Submitter, SubmitterKind, Urgency,
    intake_service_server::IntakeService,
};
use ehub_test_support::{TestDb, client, person, request, seed_access};
use time::macros::datetime;
use tonic::{Response, Status};
use uuid::Uuid;

pub const HUB: (Uuid, &str) = (Uuid::from_u128(0x11), "H8H01");
pub const ALDER: (Uuid, &str) = (Uuid::from_u128(0xa1), "A81001");
pub const BIRCH: (Uuid, &str) = (Uuid::from_u128(0xb2), "B82002");

pub struct World {
    pub db: TestDb,
    pub hand: ManualClock,
}

impl World {
    /// Monday 2 March 2026, 09:00: Alder is enrolled with the hub, Birch is not.
    pub async fn new() -> Self {
        let world = Self::without_enrolment().await;
        world.put(enrolment()).await.expect("enrolled");
        world
    }

    pub async fn without_enrolment() -> Self {
        let (clock, hand) = Clock::manual(datetime!(2026-03-02 09:00 UTC));
        let db = TestDb::create("intake", &ehub_intake::MIGRATIONS, clock).await;
        seed_access(&db, HUB, ALDER, "anna", &["work"]).await;
        seed_access(&db, ALDER, ALDER, "pat", &["work"]).await;
        seed_access(&db, BIRCH, BIRCH, "bo", &["work"]).await;
        Self { db, hand }
    }

    pub async fn put(&self, enrolment: Enrolment) -> Result<Response<PutEnrolmentResponse>, Status> {
        let message = PutEnrolmentRequest { request_id: id(), enrolment: Some(enrolment) };
        testing::rpc(&self.db.run).put_enrolment(call(message, "PutEnrolment", anna())).await
    }

    pub async fn submit(
        &self,
        message: SubmitConsultationRequest,
        caller: Arc<Caller>,
    ) -> Result<Response<SubmitConsultationResponse>, Status> {
        testing::rpc(&self.db.run).submit_consultation(call(message, "SubmitConsultation", caller)).await
    }

    /// Counts rows, past row security.
    pub async fn count(&self, what: &str) -> i64 {
        let mut conn = self.db.admin().await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {what}")))
            .fetch_one(&mut conn)
            .await
            .expect("counted")
    }
}

/// Anna works for the hub.
pub fn anna() -> Arc<Caller> {
    person(HUB.1, "anna")
}

/// The supplier may act for Alder and Birch.
pub fn supplier() -> Arc<Caller> {
    client("SUP01", "supplier", &[ALDER.1, BIRCH.1])
}

pub fn call<T>(message: T, method: &str, caller: Arc<Caller>) -> tonic::Request<T> {
    with_grant(message, method, caller, GrantPresented::Absent)
}

pub fn with_grant<T>(message: T, method: &str, caller: Arc<Caller>, grant: GrantPresented) -> tonic::Request<T> {
    request(message, &format!("/ehub.intake.v1.IntakeService/{method}"), caller, grant)
}

pub fn id() -> String {
    Uuid::now_v7().to_string()
}

/// The reason of a status.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

pub fn submission(text: &str) -> SubmitConsultationRequest {
    SubmitConsultationRequest {
        request_id: id(),
        practice_ods: ALDER.1.to_owned(),
        supplier_reference: String::new(),
        first_contact_time: None,
        channel: Channel::Online.into(),
        patient: Some(patient()),
        submitter: Some(Submitter { kind: SubmitterKind::Self_.into(), ..Submitter::default() }),
        content: Some(content(text)),
    }
}

pub fn patient() -> Patient {
    Patient {
        nhs_number: "9990000018".to_owned(),
        family_name: "Teak".to_owned(),
        given_names: "Ann".to_owned(),
        birth_date: "1980-05-01".to_owned(),
        ..Patient::default()
    }
}

pub fn content(text: &str) -> Content {
    Content { need: Need::Clinical.into(), topic: "other".to_owned(), free_text: text.to_owned(), ..Content::default() }
}

pub fn enrolment() -> Enrolment {
    let row = |urgency: Urgency, respond_minutes, working_time| Promise {
        need: Need::Clinical.into(),
        urgency: urgency.into(),
        respond_minutes,
        working_time,
    };
    Enrolment {
        practice_ods: ALDER.1.to_owned(),
        practice_name: "Alder Surgery".to_owned(),
        practice_phone: "020 7946 0001".to_owned(),
        hub_ods: HUB.1.to_owned(),
        hub_name: "Northside Access Hub".to_owned(),
        needs: vec![Need::Clinical.into()],
        from_date: "2026-01-01".to_owned(),
        promises: vec![
            row(Urgency::Routine, 630, true),
            row(Urgency::Urgent, 120, true),
            row(Urgency::Emergency, 15, false),
        ],
        duty_contact: "http://127.0.0.1:1/alerts".to_owned(),
        if_worse: "Ring us, or 999 in an emergency.".to_owned(),
        ..Enrolment::default()
    }
}
