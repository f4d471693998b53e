//! Signs of life say no more than is true: access rests on them.

use sqlx::Executor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    wire::at,
    world::{PLAIN, POISON, Running, World, event, register, single, until},
};

fn last_beat(relay: &Running) -> Option<OffsetDateTime> {
    relay.wire.beats().into_iter().max()
}

/// What was said last. A sign of life may come between an event's time and its commit, and then
/// rightly says a later time; once the event is committed it must not.
fn newest_beat(relay: &Running) -> OffsetDateTime {
    relay.wire.beats().pop().expect("there is one")
}

async fn until_beat_after(relay: &Running, time: OffsetDateTime) {
    until(async || last_beat(relay).is_some_and(|beat| beat > time), "a later sign of life").await;
}

#[tokio::test]
async fn a_subscriber_with_nothing_waiting_is_told_so_again_and_again() {
    let world = World::new().await;
    let started = world.source.run.clock().now();
    let relay = world.relay();
    until_beat_after(&relay, started).await;
    let first = last_beat(&relay).expect("there is one");
    until_beat_after(&relay, first).await;
    let mut admin = world.target.admin().await;
    let noted: i64 =
        sqlx::query_scalar("select count(*) from public.beat").fetch_one(&mut admin).await.expect("counts");
    assert!(noted >= 2);
    relay.stop().await;
}

#[tokio::test]
async fn a_busy_subscriber_is_told_too() {
    let world = World::new().await;
    let relay = world.relay();
    let stream = Uuid::from_u128(1);
    let started = world.source.run.clock().now();
    let mut raised = 0;
    // Never quiet for as long as a heartbeat.
    while last_beat(&relay).is_none_or(|beat| beat <= started) || raised < 20 {
        world.raise(&[event(stream, PLAIN)]).await;
        raised += 1;
        assert!(raised < 2000, "told before it is quiet");
    }
    relay.stop().await;
}

#[tokio::test]
async fn nothing_is_said_of_what_waits_for_an_older_transaction() {
    let world = World::new().await;
    let relay = world.relay();
    until_beat_after(&relay, OffsetDateTime::UNIX_EPOCH).await;
    // A transaction anywhere in the cluster that has an id holds back what commits after it.
    let mut older = world.source.admin().await;
    older.execute("begin; select pg_current_xact_id()").await.expect("begins");
    let stream = Uuid::from_u128(3);
    world.raise(&[register(stream, PLAIN)]).await;
    let committed = raised_at(&world, stream).await;
    let told = relay.wire.beats().len();
    until(async || relay.wire.beats().len() > told + 2, "signs of life go on").await;
    assert!(newest_beat(&relay) <= committed);
    assert_eq!(world.applied(stream).await, Vec::<i64>::new());
    older.execute("commit").await.expect("ends");
    world.until_applied(stream, &[1]).await;
    until_beat_after(&relay, committed).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_parked_event_of_the_register_lets_access_go_stale_and_one_of_a_consultation_does_not() {
    let world = World::new().await;
    let relay = world.relay();
    let (consultation, organisation) = (Uuid::from_u128(1), Uuid::from_u128(2));
    world.raise(&[event(consultation, POISON), single(PLAIN)]).await;
    world.until_held(consultation, Some((1, 3, true))).await;
    let dead = world.source.run.clock().now();
    until_beat_after(&relay, dead).await;
    world.raise(&[register(organisation, POISON)]).await;
    world.until_held(organisation, Some((1, 3, true))).await;
    let committed = raised_at(&world, organisation).await;
    let told = relay.wire.beats().len();
    until(async || relay.wire.beats().len() > told + 2, "signs of life go on").await;
    assert!(newest_beat(&relay) <= committed);
    relay.stop().await;
}

/// The time of a stream's first event, as it is sent.
async fn raised_at(world: &World, stream: Uuid) -> OffsetDateTime {
    let raised: OffsetDateTime = sqlx::query_scalar("select at from ehub.outbox where stream = $1 and version = 1")
        .bind(stream)
        .fetch_one(&mut world.source.admin().await)
        .await
        .expect("reads");
    at(&prost_types::Timestamp {
        seconds: raised.unix_timestamp(),
        nanos: raised.nanosecond().try_into().expect("small"),
    })
}
