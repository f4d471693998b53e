//! Several relays on the same cursors.

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

#[tokio::test]
async fn a_relay_that_slept_past_its_lease_frees_nothing_its_successor_holds() {
    let world = World::new().await;
    let stream = Uuid::from_u128(7);
    world.recorder.unknown.lock().expect("whole").insert(LATER.to_owned());
    world.raise(&[event(stream, LATER)]).await;
    let sleeper = world.relay_over(Wire { gate: Some(Semaphore::new(0)), ..Wire::default() });
    world.until_held(stream, Some((1, 0, false))).await;
    // The held event is applied, and the relay falls asleep over the answer.
    world.recorder.unknown.lock().expect("whole").clear();
    world.until_applied(stream, &[1]).await;
    let mut admin = world.source.admin().await;
    admin.execute("update ehub.outbox_cursor set lease_until = now() - interval '1 second'").await.expect("expired");
    // What comes next is passed by the successor's cursor, because the stream is held.
    world.raise(&[event(stream, POISON)]).await;
    let successor = world.relay();
    world.until_held(stream, Some((2, 3, true))).await;
    sleeper.wire.gate.as_ref().expect("given").add_permits(1);
    sleeper.stop().await;
    assert_eq!(world.held(stream).await, Some((2, 3, true)), "still held by the successor");
    successor.stop().await;
}

#[tokio::test]
async fn a_subscriber_that_has_heard_more_than_was_said_stops_the_relay_until_the_source_is_put_right() {
    let world = World::new().await;
    let (restored, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
    let relay = world.relay();
    world.raise(&[event(restored, PLAIN), event(restored, PLAIN), event(restored, PLAIN)]).await;
    world.until_applied(restored, &[1, 2, 3]).await;
    relay.stop().await;
    // The source comes back from a copy that knows only the first, and says something new.
    let mut admin = world.source.admin().await;
    admin.execute("delete from ehub.outbox where version > 1").await.expect("lost");
    admin.execute("update ehub.outbox_stream set version = 1").await.expect("lost");
    let relay = world.relay();
    world.raise(&[event(restored, PLAIN), event(other, PLAIN)]).await;
    until(async || relay.wire.events().len() >= 3, "it is tried again and again").await;
    let noted = async || -> Vec<(String, i64)> {
        let mut admin = world.source.admin().await;
        sqlx::query_as("select subscriber, streams from ehub.outbox_ahead").fetch_all(&mut admin).await.expect("reads")
    };
    assert_eq!(noted().await, [("audit".to_owned(), 1)], "whoever gives out what rests on it can know");
    assert_eq!(world.held(restored).await, None, "no event is judged");
    assert_eq!(world.source_behind().await, 2, "no cursor moves: what was said anew is not lost as a duplicate");
    admin.execute("update ehub.outbox_stream set version = 3 where version = 2").await.expect("put right");
    until(async || world.source_behind().await == 0, "deliveries go on").await;
    assert_eq!(noted().await, []);
    relay.stop().await;
}
