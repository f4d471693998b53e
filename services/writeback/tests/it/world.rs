//! A hub with an agreement for one of its two practices, and a consultation at each.

use std::sync::Arc;

use ehub_auth::{Caller, GrantPresented};
use ehub_calls::Calls;
use ehub_clock::{Clock, ManualClock};
use ehub_outbox::{Received, Subscription};
use ehub_postgres::{PageTokens, Scope, StorageError, Tx, Work};
use ehub_proto::{intake::event::v1::ConsultationAccepted, writeback::v1 as proto};
use ehub_test_support::{TestDb, grant, person, request, seed_access};
use ehub_writeback::{
    domain::State,
    rpc::{WritebackRpc, event_sink::Events},
};
use prost::Message;
use proto::writeback_service_server::WritebackService;
use time::{OffsetDateTime, macros::datetime};
use tonic::{Code, Response, Status};
use uuid::Uuid;

pub const START: OffsetDateTime = datetime!(2026-03-02 09:00 UTC);
pub const HUB: Uuid = Uuid::from_u128(0xA1);
pub const ALDER: Uuid = Uuid::from_u128(0xB1);
pub const CEDAR: Uuid = Uuid::from_u128(0xB3);
pub const FOREIGN: Uuid = Uuid::from_u128(0xB9);
pub const EPOCH: i64 = (1 << 32) | 5;

pub struct World {
    pub db: TestDb,
    pub hand: ManualClock,
    pub rpc: WritebackRpc,
    /// Of Alder, which has an agreement.
    pub consultation: Uuid,
    /// Of Cedar, which has none.
    pub without_agreement: Uuid,
}

pub async fn world() -> World {
    let (clock, hand) = Clock::manual(START);
    let db = TestDb::create("writeback", &ehub_writeback::MIGRATIONS, clock.clone()).await;
    for (practice, ods) in [(ALDER, "A81001"), (CEDAR, "C83003")] {
        seed_access(&db, (HUB, "H8H01"), (practice, ods), "anna", &["work", "file"]).await;
    }
    seed_access(&db, (FOREIGN, "B82002"), (FOREIGN, "B82002"), "bert", &["work", "file"]).await;
    let tokens = Arc::new(PageTokens::new(&[7; 32], clock.clone()));
    let rpc = WritebackRpc::new(Calls::new(db.run.clone()), tokens);
    let (consultation, without_agreement) = (clock.uuid_v7(), clock.uuid_v7());
    let world = World { db, hand, rpc, consultation, without_agreement };
    world.accept(consultation, ALDER, "A81001").await;
    world.accept(without_agreement, CEDAR, "C83003").await;
    world.agree("A81001", "2026-01-01").await.expect("agreed");
    world
}

/// Applies an event as the sink does.
struct Apply(Received);

#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("refused")]
    Refused(#[from] ehub_outbox::Refusal),
    #[error("storage")]
    Storage(#[from] StorageError),
}

impl Work for Apply {
    const NAME: &'static str = "apply";
    type Output = ();
    type Error = ApplyError;

    async fn run(&self, tx: &mut Tx) -> Result<(), ApplyError> {
        Ok(Events.apply(tx, &self.0).await?)
    }
}

impl World {
    pub async fn hear(&self, source: &str, kind: &str, body: Vec<u8>, stream: Uuid) -> Result<(), ApplyError> {
        let event = Received {
            source: source.to_owned(),
            incarnation: 1,
            id: self.db.run.clock().uuid_v7(),
            stream,
            version: 1,
            kind: kind.to_owned(),
            body,
            at: self.db.run.clock().now(),
            traceparent: None,
            consultation: Some(stream),
        };
        self.db.run.run(&Scope::service(), &Apply(event)).await
    }

    pub async fn accept(&self, consultation: Uuid, practice: Uuid, ods: &str) {
        let body = ConsultationAccepted {
            consultation: consultation.to_string(),
            reference: "ABC-DEF-GHJ".into(),
            practice: practice.to_string(),
            practice_ods: ods.into(),
            hub_ods: "H8H01".into(),
            ..Default::default()
        };
        let kind = "ehub.intake.event.v1.ConsultationAccepted";
        self.hear("intake", kind, body.encode_to_vec(), consultation).await.expect("applied");
    }

    pub fn anna(&self) -> Arc<Caller> {
        person("H8H01", "anna")
    }

    pub fn claim(&self, consultation: Uuid, practice: Uuid, epoch: i64) -> GrantPresented {
        let until = self.db.run.clock().now() + time::Duration::minutes(5);
        grant(consultation, "anna", HUB, practice, epoch, until)
    }

    pub async fn file(
        &self,
        message: proto::FileEntryRequest,
        grant: GrantPresented,
    ) -> Result<proto::FileEntryResponse, Status> {
        self.file_response(message, grant).await.map(Response::into_inner)
    }

    pub async fn file_response(
        &self,
        message: proto::FileEntryRequest,
        grant: GrantPresented,
    ) -> Result<Response<proto::FileEntryResponse>, Status> {
        let path = "/ehub.writeback.v1.WritebackService/FileEntry";
        self.rpc.file_entry(request(message, path, self.anna(), grant)).await
    }

    /// Files an entry for the consultation with an agreement, and gives its id.
    pub async fn filed(&self) -> Uuid {
        let filing = self.filing(self.consultation);
        let grant = self.claim(self.consultation, ALDER, EPOCH);
        let filed = self.file(filing, grant).await.map_err(|status| reason(&status)).expect("filed");
        Uuid::parse_str(filed.name.trim_start_matches("entries/")).expect("an id")
    }

    pub fn filing(&self, consultation: Uuid) -> proto::FileEntryRequest {
        let clock = self.db.run.clock();
        let headings = [("assessment", "Tonsillitis"), ("plan", "Rest, fluids")];
        proto::FileEntryRequest {
            request_id: clock.uuid_v7().to_string(),
            name: format!("entries/{}", clock.uuid_v7()),
            consultation: format!("consultations/{consultation}"),
            content: Some(proto::EntryContent {
                headings: headings.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned())).collect(),
                items: vec![proto::CodedItem {
                    kind: "PROBLEM".into(),
                    concept_id: "90176007".into(),
                    description_id: String::new(),
                    term: "Tonsillitis".into(),
                }],
                ..Default::default()
            }),
            etag: String::new(),
        }
    }

    pub async fn get(&self, entry: Uuid, caller: Arc<Caller>) -> Result<proto::Entry, Status> {
        let path = "/ehub.writeback.v1.WritebackService/GetEntry";
        let message = proto::GetEntryRequest { name: format!("entries/{entry}") };
        let got = self.rpc.get_entry(request(message, path, caller, GrantPresented::Absent)).await?;
        Ok(got.into_inner().entry.expect("an entry"))
    }

    /// Where an entry stands, however long ago access was last heard of.
    pub async fn state(&self, entry: Uuid) -> (State, String) {
        let mut conn = self.db.admin().await;
        let now = self.db.run.clock().now();
        sqlx::query("update ehub.access_freshness set fresh_at = $1")
            .bind(now)
            .execute(&mut conn)
            .await
            .expect("fresh");
        let entry = self.get(entry, self.anna()).await.map_err(|status| reason(&status)).expect("readable");
        (state_of(entry.state()), entry.attention_reason)
    }

    pub async fn settle(&self, entry: Uuid) -> Result<State, Status> {
        let path = "/ehub.writeback.v1.WritebackService/SettleEntry";
        let message = proto::SettleEntryRequest {
            request_id: self.db.run.clock().uuid_v7().to_string(),
            name: format!("entries/{entry}"),
            action: "TOLD_PRACTICE_BY_PHONE".into(),
            note: "told at noon".into(),
        };
        let settled = self.rpc.settle_entry(request(message, path, self.anna(), GrantPresented::Absent)).await?;
        Ok(state_of(settled.into_inner().state()))
    }

    pub async fn agree(&self, to_ods: &str, from_date: &str) -> Result<proto::Agreement, Status> {
        self.put(proto::Agreement {
            from_ods: "H8H01".into(),
            to_ods: to_ods.into(),
            mesh_mailbox: "PRACA001".into(),
            from_date: from_date.into(),
            ..Default::default()
        })
        .await
    }

    pub async fn put(&self, agreement: proto::Agreement) -> Result<proto::Agreement, Status> {
        let path = "/ehub.writeback.v1.WritebackService/PutAgreement";
        let message = proto::PutAgreementRequest {
            request_id: self.db.run.clock().uuid_v7().to_string(),
            agreement: Some(agreement),
        };
        let put = self.rpc.put_agreement(request(message, path, self.anna(), GrantPresented::Absent)).await?;
        Ok(put.into_inner().agreement.expect("an agreement"))
    }

    /// The kinds of events raised on a consultation's stream, in order.
    pub async fn raised(&self, consultation: Uuid) -> Vec<String> {
        let mut conn = self.db.admin().await;
        let query = "select kind from ehub.outbox where stream = $1 order by version";
        let kinds: Vec<String> = sqlx::query_scalar(query).bind(consultation).fetch_all(&mut conn).await.expect("read");
        kinds.iter().map(|kind| kind.rsplit('.').next().unwrap_or_default().to_owned()).collect()
    }
}

/// A state as the domain names it; the contract's enums cannot be printed.
pub fn state_of(state: proto::EntryState) -> State {
    State::read(state.as_str_name().trim_start_matches("ENTRY_STATE_")).expect("a state")
}

/// A status as its code and reason.
pub fn reason(status: &Status) -> (Code, String) {
    let details = tonic_types::StatusExt::get_error_details(status);
    (status.code(), details.error_info().map(|info| info.reason.clone()).unwrap_or_default())
}

pub fn refusal<T>(outcome: Result<T, Status>) -> (Code, String) {
    reason(&outcome.err().expect("refused"))
}
