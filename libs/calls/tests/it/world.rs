//! A service of one operation, and its audit events.

use std::{sync::Arc, time::Duration};

use ehub_auth::{Caller, GrantPresented};
use ehub_calls::{Call, Calls};
use ehub_clock::Clock;
use ehub_faults::{Code, Fault};
use ehub_postgres::{StorageError, Tx, Work};
use ehub_proto::{
    audit::event::v1::AccessRecorded,
    internal::v1::{SealRequest, Verdict},
};
use ehub_test_support::{TestDb, person, request};
use prost::Message;
use sqlx::{Executor, migrate::Migrator};
use tokio::sync::Notify;
use tonic::{Request, Response, Status};
use uuid::Uuid;

static FOUNDATION_ONLY: Migrator = Migrator::DEFAULT;

/// The method that is called.
pub const METHOD: &str = "ehub.internal.v1.ClaimGuard/Seal";

/// How the operation behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Well,
    Refuses,
    Panics,
    /// Tells that it has begun and takes a third of a second.
    Slowly,
}

/// Writes a row and answers with what was drawn for it.
pub struct Put {
    pub how: How,
    pub consultation: Uuid,
    pub begun: Arc<Notify>,
}

#[derive(Debug, thiserror::Error)]
pub enum PutError {
    #[error("as asked")]
    Refused,
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl From<PutError> for Fault {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Refused => Self::new(Code::FailedPrecondition, "test.ehub", "AS_ASKED", "refused as asked"),
            PutError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl Work for Put {
    const NAME: &'static str = "put";
    type Output = i64;
    type Error = PutError;

    async fn run(&self, tx: &mut Tx) -> Result<i64, PutError> {
        tx.concerns(self.consultation);
        tx.on_behalf_of("A81001");
        let drawn: i64 = sqlx::query_scalar("insert into public.effect default values returning id")
            .fetch_one(tx.conn())
            .await
            .map_err(StorageError::from)?;
        match self.how {
            How::Well => Ok(drawn),
            How::Refuses => Err(PutError::Refused),
            How::Panics => panic!("a panic that was asked for"),
            How::Slowly => {
                self.begun.notify_one();
                sqlx::query("select pg_sleep(0.3)").execute(tx.conn()).await.map_err(StorageError::from)?;
                Ok(drawn)
            }
        }
    }
}

/// The answer on the wire.
pub fn rendered(drawn: &i64) -> Verdict {
    Verdict { last_version: *drawn, reason: "written".to_owned(), ..Verdict::default() }
}

pub struct World {
    pub db: TestDb,
    pub calls: Calls,
    pub begun: Arc<Notify>,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDb::create("intake", &FOUNDATION_ONLY, Clock::system()).await;
        db.admin()
            .await
            .execute(
                "create table public.effect (id bigint generated always as identity); \
                 grant select, insert on public.effect to ehub_intake_run",
            )
            .await
            .expect("table");
        Self { calls: Calls::new(db.run.clone()), db, begun: Arc::new(Notify::new()) }
    }

    pub fn put(&self, how: How) -> Put {
        Put { how, consultation: Uuid::from_u128(42), begun: Arc::clone(&self.begun) }
    }

    /// A mutation with this request id and content.
    pub async fn mutate(&self, request_id: u128, epoch: i64, how: How) -> Result<Response<Verdict>, Status> {
        self.mutate_as(person("H8H01", "anna"), METHOD, request_id, epoch, how).await
    }

    pub async fn mutate_as(
        &self,
        caller: Arc<Caller>,
        method: &'static str,
        request_id: u128,
        epoch: i64,
        how: How,
    ) -> Result<Response<Verdict>, Status> {
        let call = call_of(caller, method, epoch);
        self.calls.mutate(call, Uuid::from_u128(request_id), self.put(how), rendered).await
    }

    /// How many rows there are.
    pub async fn effects(&self) -> i64 {
        sqlx::query_scalar("select count(*) from public.effect")
            .fetch_one(&mut self.db.admin().await)
            .await
            .expect("counts")
    }

    /// The audit events, in order.
    pub async fn audited(&self) -> Vec<AccessRecorded> {
        let bodies: Vec<Vec<u8>> = sqlx::query_scalar(
            "select body from ehub.outbox where kind = 'ehub.audit.event.v1.AccessRecorded' order by id",
        )
        .fetch_all(&mut self.db.admin().await)
        .await
        .expect("reads");
        bodies.iter().map(|body| AccessRecorded::decode(body.as_slice()).expect("decodes")).collect()
    }

    /// The outcomes of the audit events, in order.
    pub async fn outcomes(&self) -> Vec<String> {
        self.audited().await.into_iter().map(|event| event.outcome).collect()
    }

    /// Waits, half a minute at most, for outcomes.
    pub async fn until_outcomes(&self, expected: &[&str]) {
        for _ in 0..3000 {
            if self.outcomes().await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("after half a minute: {:?}", self.outcomes().await);
    }

    /// Takes from the serving role, or gives back to it, the right to write audit events.
    pub async fn audit_can_be_written(&self, can: bool) {
        let statement = if can {
            "grant insert on ehub.outbox to ehub_intake_run"
        } else {
            "revoke insert on ehub.outbox from ehub_intake_run"
        };
        self.db.admin().await.execute(statement).await.expect("changes");
    }
}

/// A call as the layers leave it.
pub fn call_of(caller: Arc<Caller>, method: &'static str, epoch: i64) -> Call {
    let message = SealRequest { consultation: "c".to_owned(), epoch, ..SealRequest::default() };
    let request: Request<SealRequest> = request(message, &format!("/{METHOD}"), caller, GrantPresented::Absent);
    Call::of(method, request).expect("authenticated").0
}

/// The reason in a status, as a client reads it.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
