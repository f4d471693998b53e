//! Operators at work, on a real database.

use std::sync::Arc;

use ehub_auth::{Caller, GrantPresented};
use ehub_calls::Calls;
use ehub_clock::{Clock, ManualClock};
use ehub_proto::{
    audit::event::v1::AccessRecorded,
    internal::v1::{
        HeldStream, ListHeldStreamsRequest, ReplayStreamRequest, ReplayStreamResponse, SkipEventRequest,
        SkipEventResponse, streams_server::Streams,
    },
};
use ehub_streams::StreamsService;
use ehub_test_support::{TestDb, person, request};
use prost::Message;
use sqlx::{Executor, migrate::Migrator};
use time::{Duration, macros::datetime};
use tonic::{Response, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

static FOUNDATION_ONLY: Migrator = Migrator::DEFAULT;
const PARKED: Uuid = Uuid::from_u128(0x0001_0000);
const WAITING: Uuid = Uuid::from_u128(0x0002_0000);
const SERVICE: &str = "/ehub.internal.v1.Streams";

struct World {
    db: TestDb,
    hand: ManualClock,
    streams: StreamsService,
}

impl World {
    /// Two streams of the outbox wait for audit: one parked at its second event of three, one not.
    async fn new() -> Self {
        let (clock, hand) = Clock::manual_seeded(datetime!(2026-03-02 09:00 UTC), u64::from(std::process::id()));
        let db = TestDb::create("intake", &FOUNDATION_ONLY, clock).await;
        let mut admin = db.admin().await;
        for (stream, dead, attempts) in [(PARKED, true, 3), (WAITING, false, 0)] {
            for version in 1_i64..=3 {
                sqlx::query(
                    "insert into ehub.outbox (shard_group, stream, version, kind, body, event, consultation, at) \
                     values (0, $1, $2, 't.Kind', 'body', gen_random_uuid(), $1, now())",
                )
                .bind(stream)
                .bind(version)
                .execute(&mut admin)
                .await
                .expect("an event");
            }
            sqlx::query(
                "insert into ehub.outbox_held (subscriber, stream, version, reason, attempts, next_at, since, dead) \
                 values ('audit', $1, 2, 'POISON', $3, now() + interval '1 hour', now() - interval '1 hour', $2)",
            )
            .bind(stream)
            .bind(dead)
            .bind(attempts)
            .execute(&mut admin)
            .await
            .expect("held");
        }
        let streams = StreamsService::new(Calls::new(db.run.clone()));
        Self { db, hand, streams }
    }

    async fn list(&self, list: ListHeldStreamsRequest) -> Vec<HeldStream> {
        let call = request(list, &format!("{SERVICE}/ListHeldStreams"), operator("olga"), GrantPresented::Absent);
        self.streams.list_held_streams(call).await.expect("listed").into_inner().streams
    }

    async fn replay(&self, stream: Uuid) -> Result<i64, Status> {
        self.replay_as(&id(), stream).await.map(|answer| answer.into_inner().version)
    }

    /// With this request id.
    async fn replay_as(&self, id: &str, stream: Uuid) -> Result<Response<ReplayStreamResponse>, Status> {
        let what =
            ReplayStreamRequest { request_id: id.to_owned(), subscriber: "audit".into(), stream: stream.to_string() };
        let call = request(what, &format!("{SERVICE}/ReplayStream"), operator("olga"), GrantPresented::Absent);
        self.streams.replay_stream(call).await
    }

    async fn skip(&self, who: &str, what: SkipEventRequest) -> Result<Response<SkipEventResponse>, Status> {
        let call = request(what, &format!("{SERVICE}/SkipEvent"), operator(who), GrantPresented::Absent);
        self.streams.skip_event(call).await
    }

    async fn held(&self, stream: Uuid) -> (i64, i32, bool) {
        sqlx::query_as("select version, attempts, dead from ehub.outbox_held where stream = $1")
            .bind(stream)
            .fetch_one(&mut self.db.admin().await)
            .await
            .expect("held")
    }

    /// The skips that two people agreed on.
    async fn skips(&self) -> Vec<(Uuid, i64, String, String)> {
        sqlx::query_as(
            "select stream, version, proposed_by, confirmed_by from ehub.outbox_skip where confirmed_at is not null",
        )
        .fetch_all(&mut self.db.admin().await)
        .await
        .expect("reads")
    }

    async fn audited(&self) -> Vec<AccessRecorded> {
        let bodies: Vec<Vec<u8>> =
            sqlx::query_scalar("select body from ehub.outbox where kind like '%AccessRecorded' order by id")
                .fetch_all(&mut self.db.admin().await)
                .await
                .expect("events");
        bodies.iter().map(|body| AccessRecorded::decode(body.as_slice()).expect("an event")).collect()
    }
}

fn operator(name: &str) -> Arc<Caller> {
    person("H8H01", name)
}

fn id() -> String {
    Clock::system().uuid_v7().to_string()
}

fn to_skip(stream: Uuid, version: i64) -> SkipEventRequest {
    SkipEventRequest {
        request_id: id(),
        subscriber: "audit".to_owned(),
        stream: stream.to_string(),
        version,
        reason: "a test message, known to both".to_owned(),
    }
}

fn reason<T>(answer: Result<T, Status>) -> String {
    let status = answer.err().expect("a refusal");
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

#[tokio::test]
async fn what_is_wrong_in_a_request_is_named() {
    let world = World::new().await;
    let nothing = world.skip("olga", SkipEventRequest::default()).await.err().expect("refused");
    let fields: Vec<String> = nothing
        .get_error_details()
        .bad_request()
        .map(|bad| bad.field_violations.iter().map(|one| one.field.clone()).collect())
        .unwrap_or_default();
    assert_eq!(fields, ["request_id", "subscriber", "stream", "version", "reason"]);
    assert_eq!(world.audited().await[0].outcome, "INVALID_FIELDS");
}

#[tokio::test]
async fn what_waits_is_listed_with_what_is_known_of_it() {
    let world = World::new().await;
    let all = world.list(ListHeldStreamsRequest::default()).await;
    assert_eq!(all.iter().map(|held| held.parked).collect::<Vec<_>>(), [true, false]);
    let parked = world.list(ListHeldStreamsRequest { parked_only: true, ..Default::default() }).await;
    assert_eq!(parked.len(), 1);
    let held = &parked[0];
    assert_eq!((held.subscriber.as_str(), held.reason.as_str(), held.kind.as_str()), ("audit", "POISON", "t.Kind"));
    assert_eq!((held.version, held.waiting, held.attempts), (2, 2, 3));
    assert_eq!(held.consultation, format!("consultations/{PARKED}"));
    let after = ListHeldStreamsRequest {
        after_subscriber: "audit".into(),
        after_stream: PARKED.to_string(),
        ..Default::default()
    };
    assert_eq!(world.list(after).await.len(), 1, "the next page goes on after it");
    let events = world.audited().await;
    assert_eq!(events[0].consultations.len(), 2, "who looked at what is on record");
}

#[tokio::test]
async fn a_parked_stream_is_replayed_and_no_other() {
    let world = World::new().await;
    assert_eq!(reason(world.replay(WAITING).await), "STREAM_NOT_PARKED");
    assert_eq!(reason(world.replay(Uuid::from_u128(9)).await), "STREAM_NOT_PARKED");
    assert_eq!(world.replay(PARKED).await.expect("replayed"), 2);
    assert_eq!(world.held(PARKED).await, (2, 0, false), "three more tries before it is parked again");
    assert_eq!(reason(world.replay(PARKED).await), "STREAM_NOT_PARKED");
    let events = world.audited().await;
    let outcomes: Vec<&str> = events.iter().map(|event| event.outcome.as_str()).collect();
    assert_eq!(outcomes, ["STREAM_NOT_PARKED", "STREAM_NOT_PARKED", "OK", "STREAM_NOT_PARKED"]);
    assert_eq!(events[2].consultations, [PARKED.to_string()]);
    assert_eq!(events[2].subject, format!("subscribers/audit/streams/{PARKED}/events/2"));
    assert_eq!(events[2].actor, "olga");
}

#[tokio::test]
async fn a_replay_asked_for_twice_is_done_once() {
    let world = World::new().await;
    let once = id();
    let first = world.replay_as(&once, PARKED).await.expect("replayed");
    assert!(!first.metadata().contains_key("ehub-replayed"));
    // Parked again meanwhile: what was asked for before is not done anew.
    let mut admin = world.db.admin().await;
    admin.execute("update ehub.outbox_held set dead = true, attempts = 3 where attempts = 0").await.expect("parked");
    let again = world.replay_as(&once, PARKED).await.expect("answered");
    assert!(again.metadata().contains_key("ehub-replayed"));
    assert_eq!(again.into_inner().version, 2);
    assert_eq!(world.held(PARKED).await, (2, 3, true));
    assert_eq!(reason(world.replay_as(&once, WAITING).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_skip_under_the_id_of_another_is_refused() {
    let world = World::new().await;
    let proposed = to_skip(PARKED, 2);
    world.skip("olga", proposed.clone()).await.expect("proposed");
    let other = SkipEventRequest { reason: "another reason".to_owned(), ..proposed };
    assert_eq!(reason(world.skip("olga", other).await), "REQUEST_ID_REUSED");
    assert!(world.skips().await.is_empty());
}

#[tokio::test]
async fn nobody_skips_an_event_alone() {
    let world = World::new().await;
    assert_eq!(reason(world.skip("olga", to_skip(PARKED, 3)).await), "STREAM_NOT_PARKED");
    assert_eq!(reason(world.skip("olga", to_skip(WAITING, 2)).await), "STREAM_NOT_PARKED");
    let proposed = world.skip("olga", to_skip(PARKED, 2)).await.expect("proposed").into_inner();
    assert!(!proposed.skipped && proposed.proposed_by == "olga");
    let listed = world.list(ListHeldStreamsRequest { parked_only: true, ..Default::default() }).await;
    assert_eq!(listed[0].skip_proposed_by, "olga");
    assert_eq!(listed[0].skip_reason, "a test message, known to both");
    assert_eq!(reason(world.skip("olga", to_skip(PARKED, 2)).await), "SECOND_PERSON_NEEDED");
    assert_eq!(world.held(PARKED).await, (2, 3, true), "still parked");
    assert!(world.skips().await.is_empty());
}

#[tokio::test]
async fn two_people_skip_an_event_once() {
    let world = World::new().await;
    world.skip("olga", to_skip(PARKED, 2)).await.expect("proposed");
    let agreed = to_skip(PARKED, 2);
    let done = world.skip("omar", agreed.clone()).await.expect("skipped").into_inner();
    assert!(done.skipped && done.proposed_by == "olga");
    let again = world.skip("omar", agreed).await.expect("replayed");
    assert!(again.metadata().contains_key("ehub-replayed"));
    assert_eq!(world.skips().await, [(PARKED, 2, "olga".to_owned(), "omar".to_owned())]);
    assert_eq!(world.held(PARKED).await, (2, 0, false));
    assert_eq!(reason(world.skip("omar", to_skip(PARKED, 2)).await), "STREAM_NOT_PARKED");
    let actors: Vec<(String, String)> =
        world.audited().await.into_iter().map(|event| (event.actor, event.outcome)).collect();
    let expected = [("olga", "OK"), ("omar", "OK"), ("omar", "REPLAYED"), ("omar", "STREAM_NOT_PARKED")];
    assert_eq!(actors, expected.map(|(who, how)| (who.to_owned(), how.to_owned())));
}

#[tokio::test]
async fn a_proposal_lapses_after_a_day() {
    let world = World::new().await;
    world.skip("olga", to_skip(PARKED, 2)).await.expect("proposed");
    world.hand.advance(Duration::hours(24).unsigned_abs());
    let late = world.skip("omar", to_skip(PARKED, 2)).await.expect("proposed anew").into_inner();
    assert!(!late.skipped && late.proposed_by == "omar");
    assert!(world.skip("olga", to_skip(PARKED, 2)).await.expect("agreed").into_inner().skipped);
}

#[tokio::test]
async fn the_database_itself_refuses_one_person_twice() {
    let world = World::new().await;
    let mut admin = world.db.admin().await;
    let alone =
        "insert into ehub.outbox_skip values ('audit', gen_random_uuid(), 1, 'r', 'olga', now(), 'olga', now(), 'r')";
    assert!(admin.execute(alone).await.is_err());
}
