//! Streams that change something: several in one transaction, each as if it were alone.

use ehub_proto::internal::v1::{Event, event_sink_server::EventSink};
use sqlx::query_scalar;
use uuid::Uuid;

use crate::{
    verdicts::{batch, judged, sent},
    world::{BLOCKED, BROKEN, ECHO, PANIC, PLAIN, POISON, World},
};

const APPLIED: &str = "OUTCOME_APPLIED";

#[tokio::test]
async fn many_streams_take_few_transactions() {
    let world = World::new().await;
    let events = (1..=20).flat_map(|stream| [sent(stream, 1, PLAIN), sent(stream, 2, PLAIN)]).collect();
    let verdicts = judged(&world, events).await;
    assert_eq!(verdicts, (0..20).flat_map(|_| [(APPLIED, 0, 1), (APPLIED, 0, 2)]).collect::<Vec<_>>());
    let mut admin = world.target.admin().await;
    for count in
        ["select count(distinct xmin::text) from ehub.inbox", "select count(distinct xmin::text) from public.applied"]
    {
        let transactions: i64 = query_scalar(count).fetch_one(&mut admin).await.expect("reads");
        assert_eq!(transactions, 3, "{count}: eight streams in each");
    }
}

#[tokio::test]
async fn a_stream_in_pieces_is_applied_once_and_in_its_order() {
    let world = World::new().await;
    let pieces =
        [(1, 1), (2, 1), (1, 1), (1, 2), (2, 1), (2, 2), (1, 3)].map(|(stream, version)| sent(stream, version, PLAIN));
    let verdicts = judged(&world, pieces.into()).await;
    let duplicate = |last| ("OUTCOME_DUPLICATE", 0, last);
    let applied = |last| (APPLIED, 0, last);
    assert_eq!(verdicts, [applied(1), applied(1), duplicate(1), applied(2), duplicate(1), applied(2), applied(3)]);
    assert_eq!(world.applied(Uuid::from_u128(1)).await, [1, 2, 3]);
    assert_eq!(world.applied(Uuid::from_u128(2)).await, [1, 2]);
}

#[tokio::test]
async fn one_that_fails_or_is_refused_holds_up_none_of_the_others() {
    let world = World::new().await;
    for (number, kind) in [(1, BROKEN), (2, PANIC), (3, POISON)] {
        let base = 100 * number;
        let events = (1..=5).flat_map(|stream| {
            let second = if stream == 3 { kind } else { PLAIN };
            [sent(base + stream, 1, PLAIN), sent(base + stream, 2, second), sent(base + stream, 3, PLAIN)]
        });
        let verdicts = judged(&world, events.collect()).await;
        for (place, stream) in (1..=5).enumerate() {
            let of_stream = &verdicts[3 * place..][..3];
            assert_eq!(of_stream[0], (APPLIED, 0, 1), "{kind} {stream}");
            let applied = world.applied(Uuid::from_u128(base + stream)).await;
            if stream == 3 {
                assert!(of_stream[1..].iter().all(|verdict| verdict.0 != APPLIED), "{of_stream:?}");
                assert_eq!(applied, [1]);
            } else {
                assert_eq!(of_stream[1..], [(APPLIED, 0, 2), (APPLIED, 0, 3)], "{kind} {stream}");
                assert_eq!(applied, [1, 2, 3]);
            }
        }
    }
}

#[tokio::test]
async fn one_that_waits_for_a_lock_costs_none_of_the_others_their_effect() {
    let world = World::new().await;
    let blocker = world.block().await;
    let events = || (1..=5).map(|stream| sent(stream, 1, if stream == 3 { BLOCKED } else { PLAIN })).collect();
    assert!(world.sink().deliver(batch(events())).await.is_err(), "no event is judged while one cannot be");
    for stream in [1, 2, 4, 5] {
        assert_eq!(world.applied(Uuid::from_u128(stream)).await, [1], "{stream}");
    }
    drop(blocker);
    let verdicts = judged(&world, events()).await;
    assert_eq!(verdicts[2], (APPLIED, 0, 1));
    assert!([0, 1, 3, 4].iter().all(|place| verdicts[*place].0 == "OUTCOME_DUPLICATE"), "{verdicts:?}");
}

#[tokio::test]
async fn what_follows_from_each_continues_its_own_cause() {
    let world = World::new().await;
    let cause = |stream: u128| format!("00-{stream:032x}-{stream:016x}-01");
    let caused = |stream| Event { traceparent: cause(stream), ..sent(stream, 1, ECHO) };
    world.sink().deliver(batch((1..=5).map(caused).collect())).await.expect("judged");
    let mut admin = world.target.admin().await;
    let raised: Vec<(Uuid, Option<String>)> =
        sqlx::query_as("select stream, traceparent from ehub.outbox order by stream")
            .fetch_all(&mut admin)
            .await
            .expect("reads");
    assert_eq!(raised, (1..=5).map(|stream| (Uuid::from_u128(stream), Some(cause(stream)))).collect::<Vec<_>>());
    let transactions: i64 =
        query_scalar("select count(distinct xid) from ehub.outbox").fetch_one(&mut admin).await.expect("reads");
    assert_eq!(transactions, 1);
}
