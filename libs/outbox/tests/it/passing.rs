//! What changes nothing here: noted for many streams in one transaction, and never past what does change something.

use ehub_outbox::SKIPPED;
use ehub_proto::internal::v1::{Outcome, event_sink_server::EventSink};
use uuid::Uuid;

use crate::{
    verdicts::{batch, judged, sent},
    world::{LATER, PASSING, PLAIN, World, event},
};

/// The last version of each stream that came, in the order of the streams.
async fn heard(world: &World) -> Vec<(Uuid, i64)> {
    sqlx::query_as("select stream, version from ehub.inbox order by stream")
        .fetch_all(&mut world.target.admin().await)
        .await
        .expect("reads")
}

#[tokio::test]
async fn streams_that_pass_are_noted_in_one_transaction() {
    let world = World::new().await;
    let verdicts = judged(
        &world,
        vec![sent(1, 1, PASSING), sent(1, 2, PASSING), sent(2, 1, PASSING), sent(3, 1, PLAIN), sent(4, 1, PASSING)],
    )
    .await;
    let applied = |version| ("OUTCOME_APPLIED", 0, version);
    assert_eq!(verdicts, [applied(1), applied(2), applied(1), applied(1), applied(1)]);
    let streams = [(1, 2), (2, 1), (3, 1), (4, 1)].map(|(stream, version)| (Uuid::from_u128(stream), version));
    assert_eq!(heard(&world).await, streams);
    let transactions: i64 = sqlx::query_scalar("select count(distinct xmin::text) from ehub.inbox")
        .fetch_one(&mut world.target.admin().await)
        .await
        .expect("reads");
    assert_eq!(transactions, 2, "one for the three that pass, one for the one that does not");
}

#[tokio::test]
async fn what_is_missing_and_what_was_seen_is_judged_as_for_any_other() {
    let world = World::new().await;
    judged(&world, vec![sent(1, 1, PASSING), sent(1, 2, PASSING), sent(1, 3, PASSING)]).await;
    let again = judged(
        &world,
        vec![
            sent(1, 2, PASSING),
            sent(1, 3, PASSING),
            sent(1, 4, PASSING),
            sent(2, 2, PASSING),
            sent(3, 1, PASSING),
            sent(3, 3, PASSING),
        ],
    )
    .await;
    assert_eq!(
        again,
        [
            ("OUTCOME_DUPLICATE", 0, 3),
            ("OUTCOME_DUPLICATE", 0, 3),
            ("OUTCOME_APPLIED", 0, 4),
            ("OUTCOME_NOT_YET", 1, 0),
            ("OUTCOME_APPLIED", 0, 1),
            ("OUTCOME_NOT_YET", 2, 1),
        ]
    );
    assert_eq!(heard(&world).await, [(Uuid::from_u128(1), 4), (Uuid::from_u128(3), 1)]);
    let behind = judged(&world, vec![sent(1, 1, PASSING)]).await;
    assert_eq!(behind, [("OUTCOME_DUPLICATE", 0, 4)], "no version goes back");
}

#[tokio::test]
async fn nothing_passes_what_is_still_to_be_applied_or_is_not_known() {
    let world = World::new().await;
    world.recorder.unknown.lock().expect("whole").extend([LATER.to_owned()]);
    let verdicts = judged(
        &world,
        vec![sent(1, 1, LATER), sent(1, 2, PASSING), sent(2, 1, PASSING), sent(2, 2, SKIPPED), sent(2, 3, PLAIN)],
    )
    .await;
    assert_eq!(verdicts[..2], [("OUTCOME_NOT_YET", 1, 0), ("OUTCOME_NOT_YET", 1, 0)]);
    assert_eq!(verdicts[4], ("OUTCOME_APPLIED", 0, 3));
    let alone = judged(&world, vec![sent(1, 2, PASSING)]).await;
    assert_eq!(alone, [("OUTCOME_NOT_YET", 1, 0)]);
    world.recorder.unknown.lock().expect("whole").insert(PASSING.to_owned());
    let unknown = judged(&world, vec![sent(3, 1, PASSING)]).await;
    assert_eq!(unknown, [("OUTCOME_NOT_YET", 1, 0)], "a kind not known yet does not pass");
    assert_eq!(heard(&world).await, [(Uuid::from_u128(2), 3)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliveries_at_once_cut_in_any_way_apply_everything_once() {
    let world = World::new().await;
    let kinds = [PASSING, PASSING, PLAIN, PASSING, PLAIN, PASSING];
    let all: Vec<_> = (1..).zip(kinds).map(|(version, kind)| sent(1, version, kind)).collect();
    // Each delivery holds the stream up to another version; together they hold all of it many times.
    let deliveries: Vec<_> = (0..48)
        .map(|number| {
            let (sink, some) = (world.sink(), all[..=number % all.len()].to_vec());
            tokio::spawn(async move { sink.deliver(batch(some)).await.expect("judged").into_inner().verdicts })
        })
        .collect();
    for delivery in deliveries {
        let verdicts = delivery.await.expect("joins");
        assert!(verdicts.iter().all(|verdict| [Outcome::Applied, Outcome::Duplicate].contains(&verdict.outcome())));
    }
    assert_eq!(world.applied(Uuid::from_u128(1)).await, [3, 5]);
    assert_eq!(heard(&world).await, [(Uuid::from_u128(1), 6)]);
}

#[tokio::test]
async fn a_relay_takes_streams_past_what_is_not_used() {
    let world = World::new().await;
    let relay = world.relay();
    let streams: Vec<Uuid> = (1..=40).map(Uuid::from_u128).collect();
    for stream in &streams {
        world.raise(&[event(*stream, PASSING), event(*stream, PASSING), event(*stream, PLAIN)]).await;
    }
    for stream in &streams {
        world.until_applied(*stream, &[3]).await;
    }
    assert_eq!(heard(&world).await, streams.iter().map(|stream| (*stream, 3)).collect::<Vec<_>>());
    relay.stop().await;
}
