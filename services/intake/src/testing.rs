//! Intake put together for its integration tests, as `wiring` does it from settings.

use std::sync::Arc;

use ehub_calendar::Hours;
use ehub_calls::Calls;
use ehub_config::Secret;
use ehub_outbox::Sink;
use ehub_postgres::{Db, PageTokens, Scope, StorageError};

use crate::{
    config::DemographicsSettings,
    demographics::{Demographics, TestPatients},
    domain::enrolment::DutyContacts,
    mesh::Answering,
    operations::{
        accept::Acceptor,
        land::{KnownMessage, LandMessage},
        page::TakePage,
        read_message::{self, Mailbox, ReadMessage},
        send_acknowledgement::TakeAcknowledgement,
    },
    patient_keys::PatientKeys,
    rpc::{IntakeRpc, claim_guard::Guard, event_sink::Projection, patients::PatientsRpc},
    screening::Screener,
    storage::landed::Arrival,
    workers::trace::Tracing,
};

pub use crate::{
    operations::read_message::Read,
    storage::landed::{Content, Known},
};

fn acceptor() -> Arc<Acceptor> {
    Arc::new(Acceptor {
        screener: Screener::parse(include_str!("../rules/sample-screening.json")).expect("the sample is well formed"),
        keys: PatientKeys::new(&Secret::new("0123456789abcdef0123456789abcdef")),
        core: Hours::core(),
        page_after: time::Duration::seconds(60),
    })
}

/// The public service on a database.
pub fn rpc(db: &Db) -> IntakeRpc {
    IntakeRpc {
        calls: Calls::new(db.clone()),
        tokens: Arc::new(PageTokens::new(&[7; 32], db.clock().clone())),
        acceptor: acceptor(),
        duty_contacts: DutyContacts::LoopbackToo,
    }
}

/// Takes events of allocation.
pub fn sink(db: &Db) -> Sink<Projection> {
    Sink::new(db.clone(), Projection)
}

/// Lands a message in the hub's mailbox, as the poller does.
pub async fn land(work: &Db, mesh_id: &str, from_mailbox: &str, body: &[u8]) -> Result<(), StorageError> {
    arrive(work, mesh_id, from_mailbox, Content::Here(body.to_vec())).await
}

/// Lands what there is of a message in the hub's mailbox, as the poller does.
pub async fn arrive(work: &Db, mesh_id: &str, from_mailbox: &str, content: Content) -> Result<(), StorageError> {
    let arrival = Arrival {
        mesh_id: mesh_id.to_owned(),
        mailbox: "HUBINT01".to_owned(),
        from_mailbox: from_mailbox.to_owned(),
        workflow: "GPFED_CONSULT_REPORT".to_owned(),
        kind: "DATA",
        linked_id: String::new(),
        content,
    };
    work.run(&Scope::work(), &LandMessage(arrival)).await
}

/// What is known of a message of MESH, as the poller asks.
pub async fn known(work: &Db, mesh_id: &str) -> Result<Known, StorageError> {
    work.run(&Scope::work(), &KnownMessage { mailbox: "HUBINT01", mesh_id }).await
}

/// Reads the next landed message, as the worker does.
pub async fn read(work: &Db) -> Result<Read, read_message::Error> {
    let answering = Answering {
        owner_ods: "H8H01".to_owned(),
        owner_name: "Northside Access Hub".to_owned(),
        mailbox: "HUBINT01".to_owned(),
    };
    let mailbox = Mailbox {
        answering,
        ack_workflow: "GPFED_CONSULT_REPORT_ACK".to_owned(),
        duty_contact: "http://127.0.0.1:1/alerts".to_owned(),
    };
    work.run(&Scope::work(), &ReadMessage { acceptor: acceptor(), mailbox }).await
}

/// Takes the next acknowledgement for sending: whom it goes to, its bytes.
pub async fn next_acknowledgement(work: &Db) -> Result<Option<(String, Vec<u8>)>, StorageError> {
    let take = TakeAcknowledgement { resend_after: time::Duration::minutes(5) };
    Ok(work.run(&Scope::work(), &take).await?.map(|next| (next.to_mailbox, next.body)))
}

/// Takes the next page that is due: what it is about.
pub async fn next_page(work: &Db) -> Result<Option<uuid::Uuid>, StorageError> {
    let take = TakePage { retry: time::Duration::seconds(15) };
    Ok(work.run(&Scope::work(), &take).await?.map(|page| page.subject))
}

fn demographics(db: &Db, url: &str) -> Demographics {
    let timeout = ehub_config::HumanDuration::from_secs(3);
    let settings = DemographicsSettings { url: url.to_owned(), timeout, token: None };
    let http = crate::http::client(timeout.get(), None).expect("a client");
    Demographics::new(http, &settings, TestPatients::Asked, db.clock().clone())
}

/// Traces the next patient who waits, as the worker does; tells whether demographics answered.
pub async fn trace(work: &Db, url: &str) -> bool {
    let poll = std::time::Duration::from_secs(1);
    Tracing { db: work.clone(), demographics: demographics(work, url), poll }.step().await.is_ok()
}

/// Patients for other services.
pub fn patients(db: &Db, url: Option<&str>) -> PatientsRpc {
    PatientsRpc { calls: Calls::new(db.clone()), demographics: url.map(|url| demographics(db, url)) }
}

/// The guard against stale claims.
pub fn guard(db: &Db) -> Guard {
    Guard(Calls::new(db.clone()))
}
