//! Several relays on the same cursors.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Executor, PgConnection};
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

/// A source that said three things and comes back from a copy that knows only the first; gives its administrator.
async fn restored_to_its_first(world: &World, stream: Uuid) -> PgConnection {
    let relay = world.relay();
    world.raise(&[event(stream, PLAIN), event(stream, PLAIN), event(stream, PLAIN)]).await;
    world.until_applied(stream, &[1, 2, 3]).await;
    relay.stop().await;
    let mut admin = world.source.admin().await;
    admin.execute("delete from ehub.outbox where version > 1").await.expect("lost");
    admin.execute("update ehub.outbox_stream set version = 1").await.expect("lost");
    admin
}

#[tokio::test]
async fn a_subscriber_that_has_heard_more_than_was_said_stops_the_relay_until_the_source_is_put_right() {
    let world = World::new().await;
    let (restored, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
    let mut admin = restored_to_its_first(&world, restored).await;
    let relay = world.relay();
    world.raise(&[event(restored, PLAIN), event(other, PLAIN)]).await;
    until(async || relay.wire.events().len() >= 3, "it is tried again and again").await;
    let noted = async || -> Vec<(String, Uuid, i64)> {
        let mut admin = world.source.admin().await;
        let all = sqlx::query_as("select subscriber, stream, heard from ehub.outbox_ahead").fetch_all(&mut admin);
        all.await.expect("reads")
    };
    assert_eq!(noted().await, [("audit".to_owned(), restored, 3)], "whoever gives out what rests on it can know");
    assert_eq!(world.held(restored).await, None, "no event is judged");
    assert_eq!(world.source_behind().await, 2, "no cursor moves: what was said anew is not lost as a duplicate");
    admin.execute("update ehub.outbox_stream set version = 3 where version = 2").await.expect("put right");
    until(async || world.source_behind().await == 0, "deliveries go on").await;
    assert_eq!(noted().await, []);
    relay.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_ahead_stays_noted_while_others_are_sent_without_it() {
    let world = World::new().await;
    let restored = Uuid::from_u128(7);
    let mut admin = restored_to_its_first(&world, restored).await;
    let forgotten = "create table public.forgotten (stream uuid); \
         create function public.forget() returns trigger language plpgsql security definer as \
           'begin insert into public.forgotten values (old.stream); return old; end'; \
         create trigger forget before delete on ehub.outbox_ahead for each row execute function public.forget()";
    admin.execute(forgotten).await.expect("watched");
    // Others of its group stand before it; an answer that is lost makes the batches after it too small to reach it.
    let others: Vec<Uuid> = (1..=6).map(|number| Uuid::from_u128(256 * number)).collect();
    for other in &others {
        world.raise(&[event(*other, PLAIN)]).await;
    }
    world.raise(&[event(restored, PLAIN)]).await;
    let relay = world.relay_over(Wire::default());
    let noted = async || -> Vec<Uuid> {
        let mut admin = world.source.admin().await;
        sqlx::query_scalar("select stream from ehub.outbox_ahead").fetch_all(&mut admin).await.expect("reads")
    };
    until(async || noted().await == [restored], "it is noted").await;
    relay.stop().await;
    let relay = world.relay_over(Wire { lose: AtomicU32::new(5), ..Wire::default() });
    // One, then three go in batches without it; the next would be six, and holds it.
    until(async || world.source_behind().await == 3, "what stands before it goes").await;
    until(async || relay.wire.tried.load(Ordering::SeqCst) >= 10, "and no more").await;
    assert_eq!(world.source_behind().await, 3);
    assert_eq!(noted().await, [restored]);
    let forgotten = "select count(*) from public.forgotten";
    let count: i64 = sqlx::query_scalar(forgotten).fetch_one(&mut admin).await.expect("reads");
    assert_eq!(count, 0, "at no time was it taken for level");
    // The newer copy again, whose cursors have passed what is in it: only others are sent.
    let newer =
        "delete from ehub.outbox where version = 2; update ehub.outbox_stream set version = 3 where version = 2";
    admin.execute(newer).await.expect("put right");
    until(async || noted().await.is_empty(), "it is level").await;
    relay.stop().await;
}
