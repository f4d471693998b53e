//! L4 and L5: everything committed arrives, once, in order, over a wire that fails.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use ehub_postgres::{Draft, Scope, StorageError};
use sqlx::Row as _;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    act::act,
    wire::Wire,
    world::{PLAIN, World, event, single, until},
};

const WRITERS: usize = 8;
const EACH: usize = 25;
const STREAMS: u8 = 12;

/// Writes transactions that take their id early, commit late and in any order, and one in ten not
/// at all.
async fn write(world: Arc<World>) {
    let clock = world.source.run.clock().clone();
    for _ in 0..EACH {
        let [which, many, early, late, fails] = clock.random::<5>();
        let stream = Uuid::from_u128(u128::from(which % STREAMS) << 4 | 0x7000_0000);
        let pause = |of: u8| Duration::from_micros(u64::from(of) * 40);
        let work = act(move |tx| {
            (0..=many % 3).for_each(|_| tx.raise(event(stream, PLAIN)));
            tx.raise(single(PLAIN));
            Box::pin(async move {
                tokio::time::sleep(pause(early)).await;
                sqlx::query("select pg_current_xact_id()").execute(tx.conn()).await?;
                tokio::time::sleep(pause(late)).await;
                if fails < 26 { Err(StorageError::NotOneRow { what: "test", rows: 0 }) } else { Ok(()) }
            })
        });
        let done = world.source.run.run(&Scope::service(), &work).await;
        assert_eq!(done.is_err(), fails < 26, "only what was meant to fails");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_that_was_committed_is_applied_once_and_in_order() {
    let world = Arc::new(World::new().await);
    let relay = world.relay_over(Wire { flaky_every: AtomicU32::new(7), ..Wire::default() });
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write(Arc::clone(&world)));
    }
    while let Some(done) = writers.join_next().await {
        done.expect("writes");
    }
    let mut source = world.source.admin().await;
    let mut committed: Vec<(Uuid, i64)> = sqlx::query("select stream, version from ehub.outbox")
        .fetch_all(&mut source)
        .await
        .expect("reads")
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    committed.sort_unstable();
    let applied = async || -> Vec<(Uuid, i64)> {
        sqlx::query_as("select stream, version from public.applied order by seq")
            .fetch_all(&mut world.target.admin().await)
            .await
            .expect("reads")
    };
    until(async || applied().await.len() >= committed.len(), "as many are applied as were committed").await;
    relay.stop().await;
    let mut in_order = applied().await;
    let mut last: HashMap<Uuid, i64> = HashMap::new();
    for (stream, version) in &in_order {
        let before = last.insert(*stream, *version).unwrap_or(0);
        assert_eq!(*version, before + 1, "versions are gapless and in order");
    }
    in_order.sort_unstable();
    assert_eq!(in_order, committed);
}

#[tokio::test]
async fn a_lower_version_with_a_higher_transaction_id_comes_first() {
    let world = World::new().await;
    let stream = Uuid::from_u128(5);
    let relay = world.relay();
    let (began, begun) = tokio::sync::oneshot::channel();
    let (go, gone) = tokio::sync::oneshot::channel();
    let ends = std::sync::Mutex::new(Some((began, gone)));
    let slow = act(|tx| {
        let (began, gone) = ends.lock().expect("whole").take().expect("runs once");
        Box::pin(async move {
            sqlx::query("select pg_current_xact_id()").execute(tx.conn()).await?;
            began.send(()).expect("heard");
            gone.await.expect("told");
            tx.raise(event(stream, PLAIN));
            Ok::<(), StorageError>(())
        })
    });
    let quick = async {
        begun.await.expect("begun");
        world.raise(&[event(stream, PLAIN)]).await;
        go.send(()).expect("heard");
    };
    let scope = Scope::service();
    let (done, ()) = tokio::join!(world.source.run.run(&scope, &slow), quick);
    done.expect("commits");
    world.until_applied(stream, &[1, 2]).await;
    relay.stop().await;
}

#[tokio::test]
async fn large_events_are_spread_over_batches_a_server_takes() {
    let world = World::new().await;
    let (flowing, waits) = (Uuid::from_u128(16), Uuid::from_u128(17));
    let large = |stream| Draft { body: vec![7; 400_000], ..event(stream, PLAIN) };
    world.recorder.unknown.lock().expect("whole").insert(PLAIN.to_owned());
    for _ in 0..10 {
        world.raise(&[large(flowing), large(waits)]).await;
    }
    let relay = world.relay();
    world.until_held(waits, Some((1, 0, false))).await;
    world.recorder.unknown.lock().expect("whole").clear();
    let all: Vec<i64> = (1..=10).collect();
    world.until_applied(flowing, &all).await;
    world.until_applied(waits, &all).await;
    world.until_held(waits, None).await;
    let largest = relay.wire.largest.load(std::sync::atomic::Ordering::SeqCst);
    assert!(largest < 4 << 20, "{largest} bytes");
    relay.stop().await;
}
