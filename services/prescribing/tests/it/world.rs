//! A hub, a practice, a prescriber, a consultation, and the service on a database of its own.

#![expect(clippy::disallowed_methods, reason = "tests make ids of their own")]

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use ehub_auth::GrantPresented;
use ehub_calls::Calls;
use ehub_clock::{Clock, ManualClock};
use ehub_config::{HumanDuration, Secret};
use ehub_identifiers::{ConsultationId, NhsNumber, OdsCode};
use ehub_outbox::Sink;
use ehub_postgres::PageTokens;
use ehub_prescribing::{
    EpsSettings, Facts, Live, MIGRATIONS, Parts, PatientSource, Settings, TraceError, TracedPatient,
};
use ehub_proto::{
    intake::event::v1::ConsultationAccepted,
    internal::v1::{DeliverRequest, Event, Outcome, event_sink_server::EventSink},
    prescribing::v1::{
        CostCentre, IssuePrescriptionRequest, IssuePrescriptionResponse, Item, Membership, PreparePrescriptionRequest,
        PreparePrescriptionResponse, PutCostCentreRequest, PutMembershipRequest, RaisePrescriptionRequest,
        RaisePrescriptionResponse, SignPrescriptionRequest, SignPrescriptionResponse, VoidPrescriptionRequest,
        VoidPrescriptionResponse, prescribing_service_server::PrescribingService,
    },
};
use ehub_test_support::{TestDb, grant, organisation, person, request, seed_access};
use futures_util::future::BoxFuture;
use prost::Message;
use time::{
    Duration,
    macros::{date, datetime},
};
use tonic::{Response, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::{eps::Eps, signer};

pub const HUB: &str = "H8H01";
pub const PRACTICE: &str = "A81001";
pub const COST_CENTRE: &str = "Y01234";

/// Who consultations are for, as a table: everybody is the same patient until told otherwise.
#[derive(Debug, Default)]
pub struct Patients {
    pub asked: AtomicUsize,
    pub fails: Mutex<Option<TraceError>>,
}

impl PatientSource for Patients {
    fn trace(&self, _: ConsultationId) -> BoxFuture<'static, Result<TracedPatient, TraceError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = match self.fails.lock().expect("whole").clone() {
            Some(error) => Err(error),
            None => Ok(TracedPatient {
                nhs_number: NhsNumber::parse("9990000018").expect("a test number"),
                family_name: "Example".to_owned(),
                given_names: "Pat".to_owned(),
                birth_date: date!(1980 - 02 - 29),
                gender: "female".to_owned(),
                address: "10 Heathfield, Cobham, KT11 2QY".to_owned(),
                registered_practice: OdsCode::parse(PRACTICE).expect("a code"),
                nominated_pharmacy: Some("FA565".to_owned()),
            }),
        };
        Box::pin(async move { answer })
    }
}

pub struct World {
    pub db: TestDb,
    pub parts: Parts,
    pub eps: Eps,
    pub patients: Arc<Patients>,
    pub hand: ManualClock,
    pub hub: Uuid,
    pub practice: Uuid,
    pub consultation: Uuid,
}

impl World {
    /// With Anna as a member of the hub's cost centre.
    pub async fn new() -> Self {
        let world = Self::without_members().await;
        world.member("anna", "2026-01-01", "").await.expect("a membership");
        world
    }

    /// Where only the certificates of an authority count.
    pub async fn with_authorities(files: Vec<PathBuf>) -> Self {
        let world = Self::build(files).await;
        world.member("anna", "2026-01-01", "").await.expect("a membership");
        world
    }

    pub async fn without_members() -> Self {
        Self::build(Vec::new()).await
    }

    async fn build(authorities: Vec<PathBuf>) -> Self {
        let (clock, hand) = Clock::manual(datetime!(2026-11-20 10:00 UTC));
        let db = TestDb::create("prescribing", &MIGRATIONS, clock.clone()).await;
        let (hub, practice, consultation) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        for person in ["anna", "bert"] {
            seed_access(&db, (hub, HUB), (practice, PRACTICE), person, &["work", "prescribe"]).await;
        }
        organisation(&db, Uuid::from_u128(9), "Z9Z99", "ORGANISATION_KIND_HUB", Some("QOP")).await;
        let eps = Eps::start().await;
        let patients = Arc::<Patients>::default();
        let pages = Arc::new(PageTokens::new(&[7; 32], clock));
        let pools = (Calls::new(db.run.clone()), db.work.clone());
        let source: Arc<dyn PatientSource> = patients.clone();
        let parts = Parts::new(&settings(&eps.url, authorities), Live::No, pools, pages, source).expect("parts");
        let world = Self { db, parts, eps, patients, hand, hub, practice, consultation };
        world.accept(consultation).await;
        world.cost_centre("QOP").await.expect("a cost centre");
        world
    }

    /// Intake makes a consultation known.
    pub async fn accept(&self, consultation: Uuid) {
        let body = ConsultationAccepted {
            consultation: consultation.to_string(),
            practice: self.practice.to_string(),
            practice_ods: PRACTICE.to_owned(),
            hub_ods: HUB.to_owned(),
            ..ConsultationAccepted::default()
        };
        let event = Event {
            id: Uuid::now_v7().to_string(),
            stream: consultation.to_string(),
            version: 1,
            kind: "ehub.intake.event.v1.ConsultationAccepted".to_owned(),
            body: body.encode_to_vec().into(),
            time: Some(prost_types::Timestamp::default()),
            consultation: consultation.to_string(),
            ..Event::default()
        };
        let batch =
            DeliverRequest { source: "intake".to_owned(), incarnation: 1, events: vec![event], read_time: None };
        let sink = Sink::new(self.db.run.clone(), Facts);
        let answer = sink.deliver(tonic::Request::new(batch)).await.expect("delivered").into_inner();
        assert!(answer.verdicts[0].outcome() == Outcome::Applied);
    }

    pub async fn cost_centre(&self, icb: &str) -> Result<(), Status> {
        let cost_centre = CostCentre {
            ods: COST_CENTRE.to_owned(),
            display_name: "Northside Access Hub".to_owned(),
            icb_ods: icb.to_owned(),
            organisation_ods: HUB.to_owned(),
            from_date: "2026-01-01".to_owned(),
            address: "1 High Street, Northside, NS1 2AB".to_owned(),
            phone: "0300 123 4567".to_owned(),
            ..CostCentre::default()
        };
        let put = PutCostCentreRequest { request_id: id(), cost_centre: Some(cost_centre) };
        let call = request(put, &path("PutCostCentre"), person(HUB, "carol"), GrantPresented::Absent);
        self.parts.rpc.put_cost_centre(call).await.map(drop)
    }

    pub async fn member(&self, subject: &str, from: &str, to: &str) -> Result<(), Status> {
        let membership = Membership {
            cost_centre_ods: COST_CENTRE.to_owned(),
            subject: subject.to_owned(),
            display_name: "Dr Anna Example".to_owned(),
            sds_user_id: "555086689106".to_owned(),
            sds_role_profile_id: "200102238987".to_owned(),
            role_code: "R8000".to_owned(),
            professional_register: "gmc".to_owned(),
            professional_code: "6095103".to_owned(),
            prescription_type: "0101".to_owned(),
            from_date: from.to_owned(),
            to_date: to.to_owned(),
            ..Membership::default()
        };
        let put = PutMembershipRequest { request_id: id(), membership: Some(membership) };
        let call = request(put, &path("PutMembership"), person(HUB, "carol"), GrantPresented::Absent);
        self.parts.rpc.put_membership(call).await.map(drop)
    }

    /// Anna's grant of an epoch.
    pub fn grant(&self, epoch: i64) -> GrantPresented {
        self.grant_on(self.consultation, epoch)
    }

    pub fn grant_on(&self, consultation: Uuid, epoch: i64) -> GrantPresented {
        grant(consultation, "anna", self.hub, self.practice, epoch, self.hand.now() + Duration::minutes(15))
    }

    pub fn to_raise(&self) -> RaisePrescriptionRequest {
        RaisePrescriptionRequest {
            request_id: id(),
            name: format!("prescriptions/{}", id()),
            consultation: format!("consultations/{}", self.consultation),
            cost_centre_ods: COST_CENTRE.to_owned(),
            items: vec![item("39732311000001104")],
            ..RaisePrescriptionRequest::default()
        }
    }

    pub async fn raise(&self, what: &RaisePrescriptionRequest) -> Result<Response<RaisePrescriptionResponse>, Status> {
        self.raise_by("anna", what, self.grant(1)).await
    }

    pub async fn raise_by(
        &self,
        subject: &str,
        what: &RaisePrescriptionRequest,
        grant: GrantPresented,
    ) -> Result<Response<RaisePrescriptionResponse>, Status> {
        let call = request(what.clone(), &path("RaisePrescription"), person(HUB, subject), grant);
        self.parts.rpc.raise_prescription(call).await
    }

    pub async fn prepare(&self, name: &str, etag: &str) -> Result<PreparePrescriptionResponse, Status> {
        let what = PreparePrescriptionRequest { request_id: id(), name: name.to_owned(), etag: etag.to_owned() };
        self.prepare_as(what, self.grant(1)).await.map(Response::into_inner)
    }

    pub async fn prepare_as(
        &self,
        what: PreparePrescriptionRequest,
        grant: GrantPresented,
    ) -> Result<Response<PreparePrescriptionResponse>, Status> {
        let call = request(what, &path("PreparePrescription"), person(HUB, "anna"), grant);
        self.parts.rpc.prepare_prescription(call).await
    }

    pub async fn sign(
        &self,
        subject: &str,
        name: &str,
        etag: &str,
        signature: &str,
    ) -> Result<SignPrescriptionResponse, Status> {
        let what = SignPrescriptionRequest {
            request_id: id(),
            name: name.to_owned(),
            etag: etag.to_owned(),
            signature: signature.to_owned(),
            ..SignPrescriptionRequest::default()
        };
        let call = request(what, &path("SignPrescription"), person(HUB, subject), GrantPresented::Absent);
        self.parts.rpc.sign_prescription(call).await.map(Response::into_inner)
    }

    pub async fn issue(&self, what: IssuePrescriptionRequest) -> Result<Response<IssuePrescriptionResponse>, Status> {
        let call = request(what, &path("IssuePrescription"), person(HUB, "anna"), GrantPresented::Absent);
        self.parts.rpc.issue_prescription(call).await
    }

    pub async fn void(&self, subject: &str, name: &str, etag: &str) -> Result<VoidPrescriptionResponse, Status> {
        let what = VoidPrescriptionRequest {
            request_id: id(),
            name: name.to_owned(),
            etag: etag.to_owned(),
            reason: "wrong strength".to_owned(),
        };
        let call = request(what, &path("VoidPrescription"), person(HUB, subject), GrantPresented::Absent);
        self.parts.rpc.void_prescription(call).await.map(Response::into_inner)
    }

    /// A prescription signed by Anna: its name and etag.
    pub async fn signed(&self) -> (String, String) {
        self.sign_raised(&self.to_raise()).await
    }

    /// The same of what is to be raised.
    pub async fn sign_raised(&self, what: &RaisePrescriptionRequest) -> (String, String) {
        let raised = self.raise(what).await.expect("raised").into_inner();
        let prepared = self.prepare(&raised.name, &raised.etag).await.expect("prepared");
        let signature = signer::sign(&prepared.digest);
        let signed = self.sign("anna", &raised.name, &prepared.etag, &signature).await.expect("signed");
        (raised.name, signed.etag)
    }

    /// The states told in events of the consultation, in order.
    pub async fn told(&self) -> Vec<ehub_proto::prescribing::event::v1::PrescriptionMoved> {
        let mut conn = self.db.admin().await;
        let bodies: Vec<Vec<u8>> = sqlx::query_scalar(
            "select body from ehub.outbox where kind like '%PrescriptionMoved' order by stream, version",
        )
        .fetch_all(&mut conn)
        .await
        .expect("events");
        bodies
            .iter()
            .map(|body| {
                ehub_proto::prescribing::event::v1::PrescriptionMoved::decode(body.as_slice()).expect("an event")
            })
            .collect()
    }

    /// What audit events say happened to calls of a method.
    pub async fn audited(&self, method: &str) -> Vec<String> {
        let mut conn = self.db.admin().await;
        let bodies: Vec<Vec<u8>> =
            sqlx::query_scalar("select body from ehub.outbox where kind like '%AccessRecorded' order by id")
                .fetch_all(&mut conn)
                .await
                .expect("events");
        bodies
            .iter()
            .map(|body| ehub_proto::audit::event::v1::AccessRecorded::decode(body.as_slice()).expect("an event"))
            .filter(|event| event.action.ends_with(method))
            .map(|event| event.outcome)
            .collect()
    }
}

pub fn path(method: &str) -> String {
    format!("/ehub.prescribing.v1.PrescribingService/{method}")
}

pub fn id() -> String {
    Uuid::now_v7().to_string()
}

pub fn item(code: &str) -> Item {
    Item {
        medicine_code: code.to_owned(),
        medicine_name: "Amoxicillin 250mg capsules".to_owned(),
        quantity: "21".to_owned(),
        unit_code: "428673006".to_owned(),
        unit_name: "capsule".to_owned(),
        dosage: "one capsule three times a day".to_owned(),
        days: 7,
        course_of_therapy: "acute".to_owned(),
        ..Item::default()
    }
}

pub fn to_issue(name: &str, etag: &str) -> IssuePrescriptionRequest {
    let override_recent_issue = String::new();
    IssuePrescriptionRequest { request_id: id(), name: name.to_owned(), etag: etag.to_owned(), override_recent_issue }
}

/// The reason of a refusal.
pub fn reason<T>(answer: Result<T, Status>) -> String {
    let status = answer.err().expect("a refusal");
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_else(|| status.to_string())
}

fn settings(eps: &str, authorities: Vec<PathBuf>) -> Settings {
    Settings {
        patient_key: Secret::new("0123456789abcdef0123456789abcdef"),
        eps: EpsSettings {
            base_url: eps.to_owned(),
            ca_file: None,
            authorities,
            token_file: None,
            timeout: HumanDuration::from_secs(20),
            answer_within: HumanDuration::from_secs(10),
            retry_first: HumanDuration::from_secs(5),
            retry_most: HumanDuration::from_secs(60),
        },
        sign_within: HumanDuration::from_secs(1800),
        high_risk_medicines: vec!["322341003".to_owned()],
        poll: HumanDuration::from_millis(500),
    }
}
