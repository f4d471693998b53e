//! What a sink answers, and what it is sent.

use ehub_proto::internal::v1::{DeliverRequest, Event, Outcome, event_sink_server::EventSink};
use sqlx::Executor;
use tonic::{Code, Request};
use uuid::Uuid;

use crate::world::{LATER, PLAIN, POISON, UNUSED, World, event, single};

pub fn sent(stream: u128, version: i64, kind: &str) -> Event {
    Event {
        id: Uuid::from_u128(stream << 32 | u128::from(version.unsigned_abs())).to_string(),
        stream: Uuid::from_u128(stream).to_string(),
        version,
        kind: kind.to_owned(),
        time: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
        ..Event::default()
    }
}

pub fn batch(events: Vec<Event>) -> Request<DeliverRequest> {
    Request::new(DeliverRequest { source: "intake".to_owned(), incarnation: 1, read_time: None, events })
}

pub async fn judged(world: &World, events: Vec<Event>) -> Vec<(&'static str, i64, i64)> {
    let answer = world.sink().deliver(batch(events)).await.expect("judged").into_inner();
    answer
        .verdicts
        .iter()
        .map(|verdict| (verdict.outcome().as_str_name(), verdict.expected_version, verdict.last_version))
        .collect()
}

#[tokio::test]
async fn each_event_is_judged_by_what_its_stream_has_seen() {
    let world = World::new().await;
    world.recorder.unknown.lock().expect("whole").insert(LATER.to_owned());
    let first = judged(&world, vec![sent(1, 1, PLAIN), sent(1, 2, PLAIN), sent(2, 2, PLAIN), sent(3, 1, LATER)]).await;
    assert_eq!(
        first,
        [("OUTCOME_APPLIED", 0, 1), ("OUTCOME_APPLIED", 0, 2), ("OUTCOME_NOT_YET", 1, 0), ("OUTCOME_NOT_YET", 1, 0)]
    );
    let again = judged(
        &world,
        vec![
            sent(1, 1, PLAIN),
            sent(1, 2, PLAIN),
            sent(1, 3, POISON),
            sent(1, 4, PLAIN),
            sent(2, 1, PLAIN),
            sent(2, 2, PLAIN),
        ],
    )
    .await;
    assert_eq!(
        again,
        [
            ("OUTCOME_DUPLICATE", 0, 2),
            ("OUTCOME_DUPLICATE", 0, 2),
            ("OUTCOME_REFUSED", 0, 2),
            ("OUTCOME_NOT_YET", 3, 2),
            ("OUTCOME_APPLIED", 0, 1),
            ("OUTCOME_APPLIED", 0, 2),
        ]
    );
    assert_eq!(world.applied(Uuid::from_u128(1)).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_batch_sixteen_times_at_once_is_applied_once() {
    let world = World::new().await;
    let deliveries = (0..16).map(|_| {
        let sink = world.sink();
        tokio::spawn(
            async move { sink.deliver(batch(vec![sent(1, 1, PLAIN), sent(1, 2, PLAIN)])).await.expect("judged") },
        )
    });
    let mut applied = 0;
    for delivery in deliveries.collect::<Vec<_>>() {
        let verdicts = delivery.await.expect("joins").into_inner().verdicts;
        applied += verdicts.iter().filter(|verdict| verdict.outcome() == Outcome::Applied).count();
    }
    assert_eq!(applied, 2);
    assert_eq!(world.applied(Uuid::from_u128(1)).await, [1, 2]);
}

#[tokio::test]
async fn a_database_that_is_away_or_an_envelope_that_cannot_be_read_judges_nothing() {
    let world = World::new().await;
    let unreadable = Event { stream: "x".to_owned(), ..sent(1, 1, PLAIN) };
    let status = world.sink().deliver(batch(vec![sent(2, 1, PLAIN), unreadable])).await.err().expect("refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(world.applied(Uuid::from_u128(2)).await, Vec::<i64>::new());
    world.target.run.close().await;
    let status = world.sink().deliver(batch(vec![sent(1, 1, PLAIN)])).await.err().expect("away");
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_subscriber_gets_headers_of_what_it_does_not_use_and_no_foreign_singles() {
    let world = World::new().await;
    let stream = Uuid::from_u128(1);
    let relay = world.relay();
    world.raise(&[event(stream, UNUSED), event(stream, PLAIN), single(UNUSED), single(PLAIN)]).await;
    world.until_applied(stream, &[1, 2]).await;
    let mut source = world.source.admin().await;
    source.execute("select pg_current_xact_id()").await.expect("moves on");
    world.raise(&[event(stream, PLAIN)]).await;
    world.until_applied(stream, &[1, 2, 3]).await;
    let mut got: Vec<(String, usize, bool)> =
        relay.wire.events().into_iter().map(|event| (event.kind, event.body.len(), event.stream == event.id)).collect();
    got.sort();
    let plain = |length, own| (PLAIN.to_owned(), length, own);
    assert_eq!(got, [plain(1, true), plain(3, false), plain(3, false), (UNUSED.to_owned(), 0, false)]);
    relay.stop().await;
}
