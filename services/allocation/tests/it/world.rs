//! A small world: two practices, their hub, one person at each, guards that can be told what to say.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ehub_allocation::{
    MIGRATIONS,
    config::WatchSettings,
    domain::policy::Policy,
    domain::{
        closing::{ManifestEntry, OpenAction},
        queue::QueuePolicy,
    },
    operations::upkeep::RefreshAccess,
    pathway::{HUB_FIRST, Pathway},
    peers::{Guard, GuardError, Guards, Sealing},
    rpc::{AllocationRpc, Parts, RegisterRpc, event_sink::Events},
    workers::QueueWorker,
};
use ehub_auth::{Caller, Grant, GrantKind, GrantPresented, GrantSigner, dev_issuer::DevKey};
use ehub_calls::Calls;
use ehub_clock::{Clock, ManualClock};
use ehub_identifiers::ConsultationId;
use ehub_outbox::Sink;
use ehub_postgres::{PageTokens, Scope};
use ehub_proto::{
    allocation::v1::{Claim, ClaimNextRequest, allocation_service_server::AllocationService},
    intake::{
        event::v1::ConsultationAccepted,
        v1::{Need, Screening, Urgency},
    },
    internal::v1::{DeliverRequest, Event, event_sink_server::EventSink},
};
use ehub_test_support::{TestDb, person, request, seed_access};
use prost::Message;
use time::{OffsetDateTime, macros::datetime};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

pub const HUB: (Uuid, &str) = (Uuid::from_u128(0xA0), "H8H01");
pub const ALDER: (Uuid, &str) = (Uuid::from_u128(0xA1), "A81001");
pub const BIRCH: (Uuid, &str) = (Uuid::from_u128(0xA2), "B82002");
pub const LEASE: Duration = Duration::from_secs(300);
pub const NOW: OffsetDateTime = datetime!(2026-11-23 09:00 UTC);

/// A guard that does what it is told.
#[derive(Default)]
pub struct FakeGuard {
    pub open: Mutex<Vec<OpenAction>>,
    pub items: Mutex<Vec<ManifestEntry>>,
    pub away: AtomicBool,
    pub fenced: Mutex<Vec<(ConsultationId, i64)>>,
    pub sealed: Mutex<Vec<(ConsultationId, i64, bool)>>,
}

#[async_trait]
impl Guard for FakeGuard {
    async fn seal(&self, consultation: ConsultationId, epoch: i64, clinical: bool) -> Result<Sealing, GuardError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(GuardError::TimedOut);
        }
        let open = self.open.lock().expect("lock").clone();
        if open.is_empty() {
            self.sealed.lock().expect("lock").push((consultation, epoch, clinical));
        }
        Ok(Sealing { items: if open.is_empty() { self.items.lock().expect("lock").clone() } else { Vec::new() }, open })
    }

    async fn fence(&self, claims: &[(ConsultationId, i64)]) -> Result<(), GuardError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(GuardError::TimedOut);
        }
        self.fenced.lock().expect("lock").extend_from_slice(claims);
        Ok(())
    }
}

pub struct World {
    pub db: TestDb,
    pub clock: ManualClock,
    pub rpc: AllocationRpc,
    pub register: RegisterRpc,
    pub sink: Sink<Events>,
    pub guard: Arc<FakeGuard>,
    pub end_streams: CancellationToken,
    pub policy: Policy,
    next: AtomicU64,
}

pub fn policy() -> Policy {
    Policy {
        queue: QueuePolicy::default(),
        lease: LEASE,
        skew: Duration::from_secs(5),
        acknowledge_within: Duration::from_secs(3600),
    }
}

impl World {
    pub async fn new() -> Self {
        let (clock, hand) = Clock::manual_seeded(NOW, u64::from(std::process::id()));
        let db = TestDb::create("allocation", &MIGRATIONS, clock.clone()).await;
        for practice in [ALDER, BIRCH] {
            seed_access(&db, HUB, practice, "anna", &["work", "read"]).await;
            seed_access(&db, practice, practice, &format!("pat-{}", practice.1), &["work", "read"]).await;
        }
        let calls = Calls::new(db.run.clone());
        let tokens = Arc::new(PageTokens::new(&[7; 32], clock.clone()));
        let guard = Arc::new(FakeGuard::default());
        let guards = Guards::new(vec![("writeback", Arc::clone(&guard) as Arc<dyn Guard>)], Duration::from_secs(2));
        let pem = DevKey::generate(&clock, "g1").pkcs8_pem();
        let signer = GrantSigner::from_pkcs8_pem("g1", pem.as_bytes(), "ehub-grants").expect("a key");
        let end_streams = CancellationToken::new();
        let rpc = AllocationRpc::new(Parts {
            calls: calls.clone(),
            tokens: Arc::clone(&tokens),
            guards,
            signer,
            policy: policy(),
            watch: WatchSettings::default(),
            end_streams: end_streams.clone(),
        });
        let pathway = Arc::new(Pathway::parse(HUB_FIRST).expect("the sample"));
        let sink = Sink::new(db.run.clone(), Events::new(pathway, policy()));
        let register = RegisterRpc::new(calls, tokens);
        Self { db, clock: hand, rpc, register, sink, guard, end_streams, policy: policy(), next: AtomicU64::new(1) }
    }

    /// Lets time pass, as the upkeep worker sees it.
    pub async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.db.work.run(&Scope::work(), &RefreshAccess).await.expect("access is refreshed");
    }

    pub fn worker(&self) -> QueueWorker {
        QueueWorker::new(self.db.work.clone(), self.policy, Duration::from_secs(1))
    }

    /// Delivers one event of its own stream.
    pub async fn deliver(&self, source: &str, kind: &str, stream: Uuid, version: i64, body: Vec<u8>) -> &'static str {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let event = Event {
            id: Uuid::from_u128(u128::from(number) << 64).to_string(),
            stream: stream.to_string(),
            version,
            kind: kind.to_owned(),
            body: body.into(),
            time: Some(at(self.clock.now())),
            traceparent: String::new(),
            consultation: stream.to_string(),
        };
        let batch = DeliverRequest { source: source.to_owned(), incarnation: 1, events: vec![event], read_time: None };
        let verdicts = self.sink.deliver(Request::new(batch)).await.expect("a verdict").into_inner().verdicts;
        verdicts[0].outcome().as_str_name()
    }

    /// Accepts a consultation as given.
    pub async fn accept(&self, accepted: &ConsultationAccepted) -> Uuid {
        let id = Uuid::parse_str(&accepted.consultation).expect("an id");
        let outcome =
            self.deliver("intake", "ehub.intake.event.v1.ConsultationAccepted", id, 1, accepted.encode_to_vec()).await;
        assert_eq!(outcome, "OUTCOME_APPLIED");
        id
    }

    /// Accepts a routine clinical consultation of a practice.
    pub async fn arrive(&self, practice: (Uuid, &str)) -> Uuid {
        self.accept(&accepted(practice, Urgency::Routine)).await
    }

    pub async fn claim_next(&self, caller: &Arc<Caller>, request_id: Uuid) -> Result<Option<Claim>, Status> {
        let message = ClaimNextRequest {
            request_id: request_id.to_string(),
            skills: vec!["gp".into()],
            practices_ods: Vec::new(),
        };
        let answer = self.rpc.claim_next(call("ClaimNext", message, caller, GrantPresented::Absent)).await?;
        Ok(answer.into_inner().claim)
    }

    /// Anna's claim on the next item, with its grant.
    pub async fn claim(&self) -> (Claim, GrantPresented) {
        let claim = self
            .claim_next(&anna(), Uuid::now_v7())
            .await
            .map_err(|status| status.code())
            .expect("a claim")
            .expect("an item");
        let grant = granted(&claim, "anna");
        (claim, grant)
    }
}

pub fn anna() -> Arc<Caller> {
    person("H8H01", "anna")
}

pub fn pat() -> Arc<Caller> {
    person("A81001", "pat-A81001")
}

/// The grant of a claim as the authorisation layer would leave it.
pub fn granted(claim: &Claim, subject: &str) -> GrantPresented {
    let until = claim.expire_time.as_ref().expect("an end").seconds;
    let item = claim.item.as_ref().expect("an item");
    GrantPresented::Valid(Grant {
        consultation: ConsultationId::parse_name(&item.consultation).expect("a name").uuid(),
        epoch: claim.epoch,
        kind: GrantKind::Act,
        subject: subject.to_owned(),
        organisation: HUB.0,
        practice: ALDER.0,
        expires_at: OffsetDateTime::from_unix_timestamp(until).expect("a time"),
        incarnation: 1,
    })
}

pub fn call<T>(method: &str, message: T, caller: &Arc<Caller>, grant: GrantPresented) -> Request<T> {
    request(message, &format!("/ehub.allocation.v1.AllocationService/{method}"), Arc::clone(caller), grant)
}

pub fn at(time: OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.unix_timestamp(),
        nanos: i32::try_from(time.nanosecond()).expect("nanoseconds"),
    }
}

pub fn accepted(practice: (Uuid, &str), urgency: Urgency) -> ConsultationAccepted {
    ConsultationAccepted {
        consultation: Uuid::now_v7().to_string(),
        reference: "ABC-DEF-GHJ".into(),
        practice: practice.0.to_string(),
        practice_ods: practice.1.into(),
        hub_ods: HUB.1.into(),
        channel: 1,
        need: Need::Clinical.into(),
        topic: "back-pain".into(),
        screening: Some(Screening { urgency: urgency.into(), ..Default::default() }),
        first_contact_time: Some(at(NOW)),
        accept_time: Some(at(NOW)),
        plan_by: Some(at(NOW + Duration::from_secs(3600))),
        respond_by: Some(at(NOW + Duration::from_secs(8 * 3600))),
        patient_age: 40,
        episode: 1,
        ..Default::default()
    }
}

/// The reason of a refusal.
pub fn reason<T>(answer: Result<T, Status>) -> String {
    let status = answer.err().expect("a refusal");
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

pub fn replayed<T>(response: &Response<T>) -> bool {
    response.metadata().contains_key("ehub-replayed")
}

/// The kinds raised about a consultation, in order.
pub async fn kinds(world: &World, stream: Uuid) -> Vec<String> {
    let mut conn = world.db.admin().await;
    let kinds: Vec<String> = sqlx::query_scalar("select kind from ehub.outbox where stream = $1 order by version")
        .bind(stream)
        .fetch_all(&mut conn)
        .await
        .expect("the outbox");
    kinds.into_iter().map(|kind| kind.rsplit('.').next().unwrap_or_default().to_owned()).collect()
}
