//! The proof that nothing is lost, and what breaks it.

use std::{sync::Arc, time::Duration};

use ehub_audit::{domain::no_loss::NoLoss, peers::roots::RootsPeer};
use ehub_auth::GrantPresented;
use ehub_proto::{
    audit::v1::{GetNoLossRequest, audit_service_server::AuditService},
    writeback::v1::EntryState,
};
use ehub_roots::Root;
use ehub_test_support::{person, request};
use uuid::Uuid;

use crate::world::{Held, PRACTICE, World};

fn peer(source: &'static str, roots: Option<Vec<Root>>) -> Vec<Arc<dyn RootsPeer>> {
    vec![Arc::new(Held::new(source, roots))]
}

fn root(id: Uuid, version: i64, state: &str) -> Root {
    Root { id, version, state: state.to_owned() }
}

fn kinds(proof: &NoLoss) -> Vec<&'static str> {
    proof.breaches.iter().map(|breach| breach.kind.as_str()).collect()
}

async fn prove(world: &World, peers: Vec<Arc<dyn RootsPeer>>) -> NoLoss {
    world.prover(peers).prove().await.expect("computed")
}

#[tokio::test]
async fn what_a_source_has_and_audit_has_not_is_a_breach_once_it_lasts() {
    let world = World::new().await;
    let (lost, late) = (world.id(), world.id());
    world.deliver("intake", vec![world.accepted(late, (PRACTICE, "A81001"), None)]).await;
    world.deliver("allocation", vec![world.routed(late)]).await;
    let held = || peer("intake", Some(vec![root(lost, 1, "ACCEPTED"), root(late, 3, "ACCEPTED")]));
    assert!(prove(&world, held()).await.holds(), "it may be on its way");
    world.hand.advance(Duration::from_secs(61));
    let proof = prove(&world, held()).await;
    let mut found = kinds(&proof);
    found.sort_unstable();
    assert_eq!(found, ["BEHIND_AT_AUDIT", "MISSING_AT_AUDIT"]);
    assert!(proof.breaches.iter().any(|breach| breach.subject == format!("intake/{lost}")));
    let agreed = peer("intake", Some(vec![root(late, 1, "ACCEPTED")]));
    assert!(prove(&world, agreed).await.holds(), "what agrees again is no breach");
}

#[tokio::test]
async fn what_moves_fast_is_not_behind() {
    let world = World::new().await;
    let busy = world.id();
    world.deliver("allocation", vec![world.routed(busy)]).await;
    assert!(prove(&world, peer("allocation", Some(vec![root(busy, 2, "CLAIMED")]))).await.holds());
    world.hand.advance(Duration::from_secs(50));
    world.deliver("allocation", vec![world.claimed(busy)]).await;
    let ahead = || peer("allocation", Some(vec![root(busy, 4, "CLAIMED")]));
    assert!(prove(&world, ahead()).await.holds());
    world.hand.advance(Duration::from_secs(20));
    assert!(prove(&world, ahead()).await.holds(), "70 s since the first difference, 20 s since this one");
    world.hand.advance(Duration::from_secs(50));
    assert_eq!(kinds(&prove(&world, ahead()).await), ["BEHIND_AT_AUDIT"]);
}

#[tokio::test]
async fn a_root_gone_from_its_source_and_a_silent_source_are_breaches() {
    let world = World::new().await;
    let gone = world.id();
    world.deliver("intake", vec![world.accepted(gone, (PRACTICE, "A81001"), None)]).await;
    world.deliver("allocation", vec![world.routed(gone)]).await;
    prove(&world, peer("intake", Some(Vec::new()))).await;
    prove(&world, peer("allocation", None)).await;
    world.hand.advance(Duration::from_secs(61));
    let mut peers = peer("intake", Some(Vec::new()));
    peers.extend(peer("allocation", None));
    let mut found = kinds(&prove(&world, peers).await);
    found.sort_unstable();
    assert_eq!(found, ["MISSING_AT_SOURCE", "NOT_COMPARED"]);
}

#[tokio::test]
async fn the_equation_counts_everything_once() {
    let world = World::new().await;
    let (transit, held, closed, converted) = (world.id(), world.id(), world.id(), world.id());
    let (kept, made, refused, entry) = (world.id(), world.id(), world.id(), world.id());
    let practice = (PRACTICE, "A81001");
    // The consultation made of a quarantined message arrives before that message's own event.
    let told = vec![
        world.accepted(converted, practice, Some(made)),
        world.accepted(transit, practice, None),
        world.accepted(held, practice, None),
        world.accepted(closed, practice, None),
        world.quarantined(kept),
        world.quarantined(made),
        world.rejected(refused),
    ];
    for event in told {
        world.deliver("intake", vec![event]).await;
        assert!(prove(&world, Vec::new()).await.counts.balance(), "it balances at every step");
    }
    let moved = vec![world.routed(converted), world.routed(held), world.routed(closed), world.completed(closed, entry)];
    for event in moved {
        world.deliver("allocation", vec![event]).await;
        assert!(prove(&world, Vec::new()).await.counts.balance());
    }
    let counts = prove(&world, Vec::new()).await.counts;
    assert_eq!(counts.received, 6);
    assert_eq!((counts.in_transit, counts.held, counts.closed, counts.quarantined, counts.rejected), (1, 2, 1, 1, 1));
    world.sql("delete from audit.consultation where completed_at is not null").await;
    assert!(kinds(&prove(&world, Vec::new()).await).contains(&"EQUATION"), "a lost row is seen");
}

#[tokio::test]
async fn waiting_for_a_holder_too_long_is_a_breach() {
    let world = World::new().await;
    let consultation = world.id();
    world.deliver("intake", vec![world.accepted(consultation, (PRACTICE, "A81001"), None)]).await;
    world.hand.advance(Duration::from_secs(61));
    let proof = prove(&world, Vec::new()).await;
    assert_eq!(kinds(&proof), ["IN_TRANSIT_TOO_LONG"]);
    assert_eq!(proof.breaches[0].subject, format!("consultations/{consultation}"));
}

#[tokio::test]
async fn a_failed_entry_needs_its_task() {
    let world = World::new().await;
    let (consultation, entry) = (world.id(), world.id());
    world.deliver("intake", vec![world.accepted(consultation, (PRACTICE, "A81001"), None)]).await;
    world.deliver("allocation", vec![world.routed(consultation), world.completed(consultation, entry)]).await;
    world.deliver("writeback", vec![world.filed(consultation, entry)]).await;
    assert_eq!(prove(&world, Vec::new()).await.manifest_open, 1);
    world.deliver("writeback", vec![world.moved(consultation, entry, EntryState::Undelivered)]).await;
    world.hand.advance(Duration::from_secs(61));
    assert_eq!(kinds(&prove(&world, Vec::new()).await), ["MANIFEST_UNSETTLED"]);
    world.deliver("allocation", vec![world.task(consultation, entry)]).await;
    let settled = prove(&world, Vec::new()).await;
    assert!(settled.holds());
    assert_eq!(settled.manifest_open, 0);
}

#[tokio::test]
async fn the_proof_is_given_and_computed_when_there_is_none() {
    let world = World::new().await;
    let request = request(
        GetNoLossRequest { refresh: false },
        "/ehub.audit.v1.AuditService/GetNoLoss",
        person("H8H01", "anna"),
        GrantPresented::Absent,
    );
    let answer =
        world.rpc().get_no_loss(request).await.map_err(|status| status.to_string()).expect("a proof").into_inner();
    assert!(answer.no_loss.is_some_and(|proof| proof.holds && proof.received == 0));
    assert!(answer.compute_time.is_some());
}

#[tokio::test]
async fn what_was_withdrawn_is_closed_and_its_root_says_so() {
    let world = World::new().await;
    let id = world.id();
    world.deliver("allocation", vec![world.routed(id), world.withdrawn(id)]).await;
    world.deliver("intake", vec![world.accepted(id, (PRACTICE, "A81001"), None)]).await;
    let proof = prove(&world, peer("allocation", Some(vec![root(id, 2, "WITHDRAWN")]))).await;
    assert!(proof.holds());
    assert_eq!((proof.counts.received, proof.counts.closed, proof.counts.held), (1, 1, 0));
    prove(&world, peer("allocation", Some(vec![root(id, 2, "QUEUED")]))).await;
    world.hand.advance(Duration::from_secs(61));
    let proof = prove(&world, peer("allocation", Some(vec![root(id, 2, "QUEUED")]))).await;
    assert_eq!(kinds(&proof), ["BEHIND_AT_AUDIT"]);
}
