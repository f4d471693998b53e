//! A service's parts around a database, fed with events.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ehub_audit::{
    domain::no_loss::Limits,
    note::Signer,
    operations::conclude::Prover,
    peers::roots::{Counted, Found, PeerError, RootsPeer},
    rpc::{AuditRpc, event_sink::Everything},
    workers::append::Appender,
};
use ehub_calls::Calls;
use ehub_clock::Clock;
use ehub_outbox::Sink;
use ehub_postgres::Scope;
use ehub_proto::{
    allocation::event::v1 as allocation,
    audit::event::v1::AccessRecorded,
    intake::event::v1 as intake,
    internal::v1::{DeliverRequest, Event, event_sink_server::EventSink},
    writeback::{event::v1 as writeback, v1::EntryState},
};
use ehub_roots::{Root, Tally};
use ehub_test_support::{TestDb, seed_access};
use prost::Message;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tonic::Request;
use uuid::Uuid;

pub const PRACTICE: Uuid = Uuid::from_u128(0xa1);
pub const OTHER: Uuid = Uuid::from_u128(0xb2);
pub const HUB: Uuid = Uuid::from_u128(0x88);

/// An Ed25519 key of the seed 00 01 … 1f, as OpenSSL would write it.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
    -----END PRIVATE KEY-----\n";

pub const LIMITS: Limits = Limits {
    grace: Duration::from_secs(60),
    in_transit: Duration::from_secs(60),
    manifest: Duration::from_secs(4 * 86_400),
};

pub struct World {
    pub db: TestDb,
    pub hand: ehub_clock::ManualClock,
    pub signer: Arc<Signer>,
    sink: Sink<Everything>,
    versions: std::sync::Mutex<HashMap<(&'static str, Uuid), i64>>,
}

impl World {
    pub async fn new() -> Self {
        let (clock, hand) = Clock::manual(time::macros::datetime!(2026-03-02 09:00 UTC));
        let db = TestDb::create("audit", &ehub_audit::MIGRATIONS, clock).await;
        let signer = Arc::new(Signer::from_pkcs8_pem("ehub.example/audit", PEM).expect("a key"));
        let sink = Sink::new(db.run.clone(), Everything);
        Self { db, hand, signer, sink, versions: std::sync::Mutex::default() }
    }

    pub fn now(&self) -> OffsetDateTime {
        self.hand.now()
    }

    pub fn id(&self) -> Uuid {
        self.db.run.clock().uuid_v7()
    }

    /// The hub may audit the practice's patients, and nobody else's.
    pub async fn access(&self) {
        seed_access(&self.db, (HUB, "H8H01"), (PRACTICE, "A81001"), "anna", &["work", "audit"]).await;
        seed_access(&self.db, (HUB, "H8H01"), (OTHER, "B82002"), "anna", &["work"]).await;
    }

    /// The next event of a stream.
    pub fn event(&self, source: &'static str, stream: Uuid, kind: &str, body: &impl Message) -> Event {
        let mut versions = self.versions.lock().expect("one at a time");
        let version = versions.entry((source, stream)).or_insert(0);
        *version += 1;
        Event {
            id: self.id().to_string(),
            stream: stream.to_string(),
            version: *version,
            kind: kind.to_owned(),
            body: body.encode_to_vec().into(),
            time: Some(timestamp(self.now())),
            traceparent: String::new(),
            consultation: stream.to_string(),
        }
    }

    /// Delivers events and gives the verdicts.
    pub async fn deliver(&self, source: &str, events: Vec<Event>) -> Vec<&'static str> {
        let request = DeliverRequest { source: source.to_owned(), incarnation: 1, events, read_time: None };
        match self.sink.deliver(Request::new(request)).await {
            Ok(answer) => answer.into_inner().verdicts.iter().map(|verdict| verdict.outcome().as_str_name()).collect(),
            Err(status) => panic!("{status}"),
        }
    }

    pub fn appender(&self) -> Appender {
        let every = Duration::from_millis(200);
        Appender::new(self.db.work.clone(), "ehub.example/audit".to_owned(), Arc::clone(&self.signer), every, 256)
    }

    /// Appends and signs everything that waits.
    pub async fn append(&self) {
        self.appender_of_turn().round(&CancellationToken::new()).await.expect("appended and signed");
    }

    /// An appender that may begin: the lease of the one before has run out.
    pub fn appender_of_turn(&self) -> Appender {
        self.hand.advance(Duration::from_secs(11));
        self.appender()
    }

    pub fn prover(&self, peers: Vec<Arc<dyn RootsPeer>>) -> Prover {
        Prover::new(self.db.run.clone(), Scope::service(), peers.into(), LIMITS)
    }

    pub fn rpc(&self) -> AuditRpc {
        AuditRpc::new(Calls::new(self.db.run.clone()), self.prover(Vec::new()), self.signer.verifier_key())
    }

    pub async fn sql(&self, statement: &'static str) {
        let mut conn = self.db.admin().await;
        sqlx::raw_sql(statement).execute(&mut conn).await.expect("the statement runs");
    }

    pub async fn count(&self, question: &'static str) -> i64 {
        let mut conn = self.db.admin().await;
        sqlx::query_scalar(question).fetch_one(&mut conn).await.expect("a number")
    }

    // What the services say.

    pub fn accepted(&self, consultation: Uuid, practice: (Uuid, &str), quarantined: Option<Uuid>) -> Event {
        let body = intake::ConsultationAccepted {
            consultation: consultation.to_string(),
            practice: practice.0.to_string(),
            practice_ods: practice.1.to_owned(),
            first_contact_time: Some(timestamp(self.now())),
            accept_time: Some(timestamp(self.now())),
            episode: 1,
            quarantined: quarantined.map(|id| id.to_string()).unwrap_or_default(),
            ..Default::default()
        };
        self.event("intake", consultation, "ehub.intake.event.v1.ConsultationAccepted", &body)
    }

    pub fn quarantined(&self, message: Uuid) -> Event {
        let body = intake::MessageQuarantined { quarantined: message.to_string(), ..Default::default() };
        let event = self.event("intake", message, "ehub.intake.event.v1.MessageQuarantined", &body);
        Event { consultation: String::new(), ..event }
    }

    pub fn rejected(&self, message: Uuid) -> Event {
        let body = intake::MessageRejected { message: message.to_string(), response_code: "10010".to_owned() };
        let event = self.event("intake", message, "ehub.intake.event.v1.MessageRejected", &body);
        Event { consultation: String::new(), ..event }
    }

    pub fn routed(&self, consultation: Uuid) -> Event {
        let body = allocation::ItemRouted {
            consultation: consultation.to_string(),
            episode: 1,
            pool_ods: "H8H01".to_owned(),
            routed_by: "default".to_owned(),
            ..Default::default()
        };
        self.event("allocation", consultation, "ehub.allocation.event.v1.ItemRouted", &body)
    }

    pub fn claimed(&self, consultation: Uuid) -> Event {
        let body = allocation::ItemClaimed {
            consultation: consultation.to_string(),
            episode: 1,
            subject: "anna".to_owned(),
            ..Default::default()
        };
        self.event("allocation", consultation, "ehub.allocation.event.v1.ItemClaimed", &body)
    }

    pub fn completed(&self, consultation: Uuid, entry: Uuid) -> Event {
        let body = allocation::ConsultationCompleted {
            consultation: consultation.to_string(),
            episode: 1,
            complete_time: Some(timestamp(self.now())),
            in_time: true,
            manifest: vec![allocation::ManifestItem { name: format!("entries/{entry}"), version: 1 }],
            ..Default::default()
        };
        self.event("allocation", consultation, "ehub.allocation.event.v1.ConsultationCompleted", &body)
    }

    pub fn withdrawn(&self, consultation: Uuid) -> Event {
        let body = allocation::ItemWithdrawn {
            consultation: consultation.to_string(),
            episode: 1,
            withdraw_time: Some(timestamp(self.now())),
        };
        self.event("allocation", consultation, "ehub.allocation.event.v1.ItemWithdrawn", &body)
    }

    pub fn task(&self, consultation: Uuid, entry: Uuid) -> Event {
        let body = allocation::TaskRaised {
            consultation: consultation.to_string(),
            subject: format!("entries/{entry}"),
            kind: "DELIVERY_FAILED".to_owned(),
        };
        self.event("allocation", consultation, "ehub.allocation.event.v1.TaskRaised", &body)
    }

    pub fn filed(&self, consultation: Uuid, entry: Uuid) -> Event {
        let body = writeback::EntryFiled {
            entry: entry.to_string(),
            consultation: consultation.to_string(),
            entry_version: 1,
            state: EntryState::Held.into(),
        };
        self.event("writeback", consultation, "ehub.writeback.event.v1.EntryFiled", &body)
    }

    pub fn moved(&self, consultation: Uuid, entry: Uuid, state: EntryState) -> Event {
        let body = writeback::EntryMoved {
            entry: entry.to_string(),
            consultation: consultation.to_string(),
            state: state.into(),
            reason: String::new(),
        };
        self.event("writeback", consultation, "ehub.writeback.event.v1.EntryMoved", &body)
    }

    /// A read by a person, as every service tells it.
    pub fn read(&self, consultations: &[Uuid]) -> Event {
        let body = AccessRecorded {
            request_id: self.id().to_string(),
            time: Some(timestamp(self.now())),
            actor: "anna".to_owned(),
            actor_name: "Dr Anna".to_owned(),
            actor_role: "gp".to_owned(),
            organisation_ods: "H8H01".to_owned(),
            action: "ehub.intake.v1.IntakeService/GetConsultation".to_owned(),
            outcome: "OK".to_owned(),
            consultations: consultations.iter().map(ToString::to_string).collect(),
            ..Default::default()
        };
        let id = self.id();
        let event = self.event("intake", id, "ehub.audit.event.v1.AccessRecorded", &body);
        Event {
            id: id.to_string(),
            consultation: consultations.first().map(ToString::to_string).unwrap_or_default(),
            ..event
        }
    }
}

pub fn timestamp(at: OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.unix_timestamp(), nanos: i32::try_from(at.nanosecond()).expect("small") }
}

/// A source that holds what it is given; unreachable without.
pub struct Held {
    pub source: &'static str,
    pub roots: Option<Vec<Root>>,
    /// What has changed since it was last asked.
    pub changed: Vec<Uuid>,
    /// How many it counts at a time, at most.
    pub most: i32,
    /// Until it is mended, it does not answer beyond this id.
    pub fails_after: Option<Uuid>,
    pub mended: AtomicBool,
    /// Where it says it stands.
    pub position: String,
    /// Up to where it looks for what is asked.
    pub found_through: Uuid,
}

impl Held {
    pub fn new(source: &'static str, roots: Option<Vec<Root>>) -> Self {
        Self {
            source,
            roots,
            changed: Vec::new(),
            most: i32::MAX,
            fails_after: None,
            mended: AtomicBool::new(false),
            position: "1:42".to_owned(),
            found_through: Uuid::max(),
        }
    }

    fn roots(&self) -> Result<&Vec<Root>, PeerError> {
        self.roots.as_ref().ok_or(PeerError::Unreadable)
    }
}

#[async_trait]
impl RootsPeer for Held {
    fn source(&self) -> &'static str {
        self.source
    }

    async fn count(&self, after: Uuid, most: i32) -> Result<Counted, PeerError> {
        if self.fails_after.is_some_and(|limit| after >= limit) && !self.mended.load(Ordering::SeqCst) {
            return Err(PeerError::Unreadable);
        }
        let mut roots: Vec<&Root> = self.roots()?.iter().filter(|root| root.id > after).collect();
        roots.sort_by_key(|root| root.id);
        let most = usize::try_from(most.min(self.most)).expect("positive");
        let through = (roots.len() >= most).then(|| roots[most - 1].id);
        let tally: Tally = roots.into_iter().take(most).collect();
        let shards = tally.shards().map(|(shard, held)| (shard, (held.count, held.digest()))).collect();
        Ok(Counted { shards, through })
    }

    async fn list(&self, shard: u8, after: Uuid, through: Uuid) -> Result<Vec<Root>, PeerError> {
        let within = |root: &&Root| root.id > after && root.id <= through && root.id.as_bytes()[15] == shard;
        Ok(self.roots()?.iter().filter(within).cloned().collect())
    }

    async fn find(&self, ids: &[Uuid], changed_since: &str) -> Result<Found, PeerError> {
        let changed = |id: &Uuid| !changed_since.is_empty() && self.changed.contains(id);
        let wanted = |root: &&Root| ids.contains(&root.id) || changed(&root.id);
        let within = |root: &&Root| root.id <= self.found_through;
        let roots = self.roots()?.iter().filter(within).filter(wanted).cloned().collect();
        Ok(Found { roots, through: self.found_through, position: self.position.clone() })
    }
}
