//! What is folded ends the same in any order of sources, and becomes one trace.

use std::time::Duration;

use ehub_audit::operations::lifecycle::{Examined, FindDue, Trace};
use ehub_postgres::Scope;
use ehub_proto::{internal::v1::Event, writeback::v1::EntryState};
use uuid::Uuid;

use crate::world::{PRACTICE, World};

const FIND: FindDue = FindDue { quiet: Duration::from_secs(60), patience: Duration::from_secs(7 * 86_400) };

/// A whole life, by source, each in its own order.
fn life(world: &World, consultation: Uuid, entry: Uuid) -> Vec<(&'static str, Vec<Event>)> {
    let step = || world.hand.advance(Duration::from_secs(5));
    let accepted = world.accepted(consultation, (PRACTICE, "A81001"), None);
    step();
    let routed = world.routed(consultation);
    step();
    let claimed = world.claimed(consultation);
    step();
    let filed = world.filed(consultation, entry);
    step();
    let completed = world.completed(consultation, entry);
    step();
    let acknowledged = world.moved(consultation, entry, EntryState::Acknowledged);
    vec![
        ("intake", vec![accepted]),
        ("allocation", vec![routed, claimed, completed]),
        ("writeback", vec![filed, acknowledged]),
    ]
}

async fn due(world: &World) -> Vec<Trace> {
    world.db.work.run(&Scope::work(), &FIND).await.expect("looked")
}

#[tokio::test]
async fn any_order_of_sources_ends_the_same() {
    let mut ends = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::new().await;
        let told = life(&world, Uuid::from_u128(0x1_00a7), Uuid::from_u128(0xe));
        for source in order {
            let (source, events) = &told[source];
            world.deliver(source, events.clone()).await;
        }
        let mut conn = world.db.admin().await;
        let end: String = sqlx::query_scalar(
            "select concat_ws(' ', practice, accepted_at, routed_at, claimed_at, filed_at, completed_at, in_time, \
                (select string_agg(source || version || state, ' ' order by source) from audit.root)) from audit.consultation",
        )
        .fetch_one(&mut conn)
        .await
        .expect("one episode");
        ends.push(end);
    }
    ends.dedup();
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert!(ends[0].contains("COMPLETED") && ends[0].contains("=ACKNOWLEDGED"), "{ends:?}");
}

#[tokio::test]
async fn a_trace_waits_for_outcomes_and_quiet_and_is_exported_once() {
    let world = World::new().await;
    let (consultation, entry) = (world.id(), world.id());
    let mut told = life(&world, consultation, entry);
    let acknowledged = told[2].1.split_off(1);
    for (source, events) in told {
        world.deliver(source, events).await;
    }
    world.hand.advance(Duration::from_secs(61));
    assert_eq!(due(&world).await.len(), 0, "the entry has no outcome");
    world.deliver("writeback", acknowledged).await;
    assert_eq!(due(&world).await.len(), 0, "something was heard just now");
    world.hand.advance(Duration::from_secs(61));
    let traces = due(&world).await;
    let again = due(&world).await;
    assert_eq!(traces.len(), 1);
    assert_eq!((traces[0].digest, traces[0].revision()), (again[0].digest, 1), "a repeat is the same");
    assert_eq!(traces[0].stages, again[0].stages);
    world.db.work.run(&Scope::work(), &Examined { trace: &traces[0] }).await.expect("noted");
    assert_eq!(due(&world).await.len(), 0);

    // Something late makes another revision.
    world.deliver("writeback", vec![world.moved(consultation, entry, EntryState::Settled)]).await;
    world.hand.advance(Duration::from_secs(61));
    let late = due(&world).await;
    assert_eq!((late.len(), late[0].revision(), late[0].is_exported()), (1, 2, false));
}
