//! Several relays on the same cursors.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use sqlx::Executor;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    wire::Wire,
    world::{LATER, PLAIN, POISON, World, event, single, until},
};

#[tokio::test]
async fn one_relay_delivers_and_the_next_takes_over_at_once() {
    let world = World::new().await;
    let (one, two) = (world.relay(), world.relay());
    let streams: Vec<Uuid> = (0..32).map(|shard| Uuid::from_u128(shard * 8)).collect();
    for stream in &streams {
        world.raise(&[event(*stream, PLAIN), single(PLAIN)]).await;
    }
    for stream in &streams {
        world.until_applied(*stream, &[1]).await;
    }
    let delivered = |wire: &Wire| wire.events().len();
    let (holder, other) = if delivered(&one.wire) > 0 { (one, two) } else { (two, one) };
    assert_eq!(delivered(&other.wire), 0, "the other one waits");
    holder.stop().await;
    for stream in &streams {
        world.raise(&[event(*stream, PLAIN)]).await;
    }
    for stream in &streams {
        world.until_applied(*stream, &[1, 2]).await;
    }
    assert!(delivered(&other.wire) > 0);
    other.stop().await;
}

/// Gives the leases of whoever has them to whoever asks next, as after a long sleep.
async fn expire_leases(world: &World) {
    let mut admin = world.source.admin().await;
    admin.execute("update ehub.outbox_cursor set lease_until = now() - interval '1 second'").await.expect("expired");
}

#[tokio::test]
async fn a_relay_that_slept_past_its_lease_frees_nothing_its_successor_holds() {
    let world = World::new().await;
    let stream = Uuid::from_u128(7);
    let gate = Semaphore::new(0);
    world.recorder.unknown.lock().expect("whole").insert(LATER.to_owned());
    world.raise(&[event(stream, LATER)]).await;
    let sleeper = world.relay_over(Wire { gate: Some(gate), ..Wire::default() });
    let wake = |times| sleeper.wire.gate.as_ref().expect("given").add_permits(times);
    let arrived = async |count: usize| {
        let wire = Arc::clone(&sleeper.wire);
        until(async || wire.events().len() >= count, "the sleeper's delivery arrives").await;
    };
    // It holds the stream, learns that it may go on, and falls asleep over the answer.
    arrived(1).await;
    wake(1);
    world.until_held(stream, Some((1, 0, false))).await;
    world.recorder.unknown.lock().expect("whole").clear();
    // Signs of life pass too; only an event stops at the gate for good.
    let events = sleeper.wire.events().len();
    until(
        async || {
            if sleeper.wire.events().len() > events {
                return true;
            }
            wake(1);
            false
        },
        "the held event is sent again",
    )
    .await;
    world.until_applied(stream, &[1]).await;
    expire_leases(&world).await;
    world.raise(&[event(stream, POISON)]).await;
    let successor = world.relay();
    world.until_held(stream, Some((2, 3, true))).await;
    wake(100);
    let tried = sleeper.wire.tried.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(world.held(stream).await, Some((2, 3, true)), "still the successor's, after {tried} tries");
    sleeper.stop().await;
    successor.stop().await;
}
