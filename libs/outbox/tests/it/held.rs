//! Streams that wait, alone.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::Executor;
use uuid::Uuid;

use crate::{
    wire::Wire,
    world::{BROKEN, LATER, PANIC, PLAIN, POISON, World, event, until},
};

const POISONED: Uuid = Uuid::from_u128(1);
const HEALTHY: Uuid = Uuid::from_u128(2);

#[tokio::test]
async fn a_refused_event_parks_its_stream_and_no_other() {
    let world = World::new().await;
    let relay = world.relay();
    world
        .raise(&[event(POISONED, PLAIN), event(POISONED, POISON), event(POISONED, PLAIN), event(HEALTHY, PLAIN)])
        .await;
    world.until_held(POISONED, Some((2, 3, true))).await;
    world.raise(&[event(POISONED, PLAIN), event(HEALTHY, PLAIN)]).await;
    world.until_applied(HEALTHY, &[1, 2]).await;
    assert_eq!(world.applied(POISONED).await, [1], "what comes later waits behind it");
    let sent = relay.wire.events();
    let tries = sent.iter().filter(|event| event.stream == POISONED.to_string() && event.version == 2).count();
    assert_eq!(tries, 3, "a dead letter is not tried again");
    assert_eq!(world.held(POISONED).await, Some((2, 3, true)));
    relay.stop().await;
}

#[tokio::test]
async fn a_freed_dead_letter_is_delivered_with_all_that_waited() {
    let world = World::new().await;
    let relay = world.relay();
    world.raise(&[event(POISONED, POISON), event(POISONED, PLAIN)]).await;
    world.until_held(POISONED, Some((1, 3, true))).await;
    world.raise(&[event(POISONED, PLAIN), event(HEALTHY, PLAIN)]).await;
    world.until_applied(HEALTHY, &[1]).await;
    let mut admin = world.source.admin().await;
    admin.execute("update ehub.outbox set kind = 't.Plain' where kind = 't.Poison'").await.expect("mended");
    admin.execute("update ehub.outbox_held set dead = false, attempts = 0").await.expect("replayed");
    world.until_applied(POISONED, &[1, 2, 3]).await;
    world.until_held(POISONED, None).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_skipped_event_leaves_an_empty_one_in_its_place_and_the_rest_follows() {
    let world = World::new().await;
    let relay = world.relay();
    world.raise(&[event(POISONED, PLAIN), event(POISONED, POISON), event(POISONED, PLAIN)]).await;
    world.until_held(POISONED, Some((2, 3, true))).await;
    let mut admin = world.source.admin().await;
    let proposed = "insert into ehub.outbox_skip (subscriber, stream, version, reason, proposed_by, proposed_at) \
                    select 'audit', stream, 2, 'a test', 'olga', now() from ehub.outbox_held";
    admin.execute(proposed).await.expect("proposed");
    admin.execute("update ehub.outbox_held set dead = false, attempts = 0").await.expect("replayed");
    world.until_held(POISONED, Some((2, 3, true))).await;
    assert_eq!(world.applied(POISONED).await, [1], "one person alone skips nothing");
    let confirmed =
        "update ehub.outbox_skip set confirmed_by = 'omar', confirmed_at = now(), confirmed_reason = 'so it is'";
    admin.execute(confirmed).await.expect("confirmed");
    admin.execute("update ehub.outbox_held set dead = false, attempts = 0").await.expect("replayed");
    world.until_applied(POISONED, &[1, 3]).await;
    world.until_held(POISONED, None).await;
    let sent = relay.wire.events();
    let second = sent.iter().rev().find(|event| event.version == 2).expect("sent");
    assert_eq!((second.kind.as_str(), second.body.len()), (ehub_outbox::SKIPPED, 0), "nothing of it travels");
    relay.stop().await;

    // A subscriber that has forgotten gets the same again.
    let mut target = world.target.admin().await;
    target.execute("delete from ehub.inbox; delete from public.applied").await.expect("restored");
    admin.execute("update ehub.outbox_cursor set xid = '0', id = 0").await.expect("from the start");
    let relay = world.relay();
    world.until_applied(POISONED, &[1, 3]).await;
    relay.stop().await;
}

#[tokio::test]
async fn what_cannot_be_reached_is_never_a_dead_letter() {
    let world = World::new().await;
    let relay = world.relay_over(Wire { cut: AtomicU32::new(2), lose: AtomicU32::new(1), ..Wire::default() });
    world.raise(&[event(HEALTHY, PLAIN), event(HEALTHY, PLAIN)]).await;
    world.until_applied(HEALTHY, &[1, 2]).await;
    until(async || relay.wire.tried.load(Ordering::SeqCst) > 3, "an answer comes back").await;
    world.raise(&[event(HEALTHY, PLAIN)]).await;
    world.until_applied(HEALTHY, &[1, 2, 3]).await;
    assert_eq!(world.held(HEALTHY).await, None);
    relay.stop().await;
}

#[tokio::test]
async fn a_kind_not_known_yet_waits_until_it_is() {
    let world = World::new().await;
    world.recorder.unknown.lock().expect("whole").insert(LATER.to_owned());
    let relay = world.relay();
    world.raise(&[event(POISONED, PLAIN), event(POISONED, LATER), event(POISONED, PLAIN), event(HEALTHY, PLAIN)]).await;
    world.until_applied(HEALTHY, &[1]).await;
    world.until_held(POISONED, Some((2, 0, false))).await;
    world.raise(&[event(POISONED, PLAIN)]).await;
    let tries = || relay.wire.events().iter().filter(|event| event.version == 2).count();
    until(async || tries() > 3, "it is tried more often than what is refused").await;
    assert_eq!(world.held(POISONED).await, Some((2, 0, false)));
    world.recorder.unknown.lock().expect("whole").clear();
    world.until_applied(POISONED, &[1, 2, 3, 4]).await;
    world.until_held(POISONED, None).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_subscriber_that_has_forgotten_gets_the_stream_again() {
    let world = World::new().await;
    let relay = world.relay();
    world.raise(&[event(HEALTHY, PLAIN), event(HEALTHY, PLAIN), event(HEALTHY, PLAIN)]).await;
    world.until_applied(HEALTHY, &[1, 2, 3]).await;
    let mut admin = world.target.admin().await;
    admin
        .execute("update ehub.inbox set version = 1; delete from public.applied where version > 1")
        .await
        .expect("restored");
    world.raise(&[event(HEALTHY, PLAIN)]).await;
    world.until_applied(HEALTHY, &[1, 2, 3, 4]).await;
    world.until_held(HEALTHY, None).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_long_stream_catches_up_without_a_pause_between_batches() {
    let world = World::new().await;
    world.recorder.unknown.lock().expect("whole").insert(LATER.to_owned());
    let relay = world.relay();
    world.raise(&[event(HEALTHY, LATER)]).await;
    world.until_held(HEALTHY, Some((1, 0, false))).await;
    world.raise(&vec![event(HEALTHY, PLAIN); 220]).await;
    // As if it had waited for an hour: its pauses are long by now. A try that is under way ends in such a pause too, so
    // nothing is tried between that and the moment its time has come.
    let mut admin = world.source.admin().await;
    admin.execute("update ehub.outbox_held set since = since - interval '1 hour'").await.expect("aged");
    until(async || world.pause(HEALTHY).await > 10.0, "the stream pauses for long").await;
    world.recorder.unknown.lock().expect("whole").clear();
    admin.execute("update ehub.outbox_held set next_at = now()").await.expect("due");
    let all: Vec<i64> = (1..=221).collect();
    world.until_applied(HEALTHY, &all).await;
    world.until_held(HEALTHY, None).await;
    relay.stop().await;
}

#[tokio::test]
async fn an_event_that_breaks_the_subscriber_stops_its_stream_only() {
    let world = World::new().await;
    let relay = world.relay();
    for kind in [BROKEN, PANIC] {
        let (broken, healthy) = (world.source.run.clock().uuid_v7(), world.source.run.clock().uuid_v7());
        world.raise(&[event(broken, PLAIN), event(broken, kind), event(broken, PLAIN), event(healthy, PLAIN)]).await;
        world.until_applied(healthy, &[1]).await;
        world.until_applied(broken, &[1]).await;
        world.until_held(broken, Some((2, 0, false))).await;
        sqlx::query("update ehub.outbox set kind = 't.Plain' where stream = $1")
            .bind(broken)
            .execute(&mut world.source.admin().await)
            .await
            .expect("mended");
        world.until_applied(broken, &[1, 2, 3]).await;
    }
    relay.stop().await;
}
