//! Ending the claim of a colleague.

use std::{sync::atomic::Ordering, time::Duration};

use ehub_auth::GrantPresented;
use ehub_proto::allocation::v1::{
    OverrideClaimRequest, OverrideClaimResponse, RenewClaimRequest, allocation_service_server::AllocationService,
};
use ehub_test_support::{person, seed_access};
use tonic::{Response, Status};
use uuid::Uuid;

use crate::world::{ALDER, BIRCH, HUB, LEASE, World, anna, call, kinds, pat, reason, replayed};

fn message(consultation: Uuid) -> OverrideClaimRequest {
    OverrideClaimRequest {
        request_id: Uuid::now_v7().to_string(),
        consultation: format!("consultations/{consultation}"),
        reason: "gone home".into(),
    }
}

async fn overridden(
    world: &World,
    caller: &str,
    message: OverrideClaimRequest,
) -> Result<Response<OverrideClaimResponse>, Status> {
    let caller = if caller == "pat" { pat() } else { person(HUB.1, caller) };
    world.rpc.override_claim(call("OverrideClaim", message, &caller, GrantPresented::Absent)).await
}

async fn renewed(world: &World, consultation: Uuid, grant: GrantPresented) -> String {
    let message = RenewClaimRequest {
        request_id: Uuid::now_v7().to_string(),
        consultation: format!("consultations/{consultation}"),
    };
    reason(world.rpc.renew_claim(call("RenewClaim", message, &anna(), grant)).await)
}

#[tokio::test]
async fn a_colleague_ends_a_claim_and_the_next_reads_why() {
    let world = World::new().await;
    seed_access(&world.db, HUB, ALDER, "bert", &["work", "read"]).await;
    let id = world.arrive(ALDER).await;
    let (claim, grant) = world.claim().await;
    let message = message(id);
    let answer = overridden(&world, "bert", message.clone()).await.ok().expect("ended");
    assert!(!replayed(&answer));
    let answer = answer.into_inner();
    let item = answer.item.expect("the item");
    assert!(answer.fenced);
    assert_eq!((item.override_reason.as_str(), item.claimed_by.as_str()), ("gone home", ""));
    assert_eq!(renewed(&world, id, grant).await, "CLAIM_SUPERSEDED");
    let fenced = world.guard.fenced.lock().expect("lock").clone();
    assert_eq!(fenced.iter().map(|(_, epoch)| *epoch).collect::<Vec<_>>(), [claim.epoch + 1]);
    let again = overridden(&world, "bert", message).await.ok().expect("replayed");
    assert!(replayed(&again));
    let (next, _) = world.claim().await;
    assert!(next.epoch > claim.epoch + 1);
    assert_eq!(next.item.expect("an item").override_reason, "gone home");
    assert_eq!(kinds(&world, id).await, ["ItemRouted", "ItemClaimed", "ClaimEnded", "ItemClaimed"]);
}

#[tokio::test]
async fn without_a_fence_the_item_waits_for_the_old_grant() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    world.claim().await;
    world.guard.away.store(true, Ordering::SeqCst);
    let answer = overridden(&world, "anna", message(id)).await.ok().expect("ended").into_inner();
    assert!(!answer.fenced);
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()));
    world.advance(LEASE + Duration::from_secs(6)).await;
    world.claim().await;
}

#[tokio::test]
async fn there_must_be_a_claim_of_the_callers_organisation() {
    let world = World::new().await;
    let (free, foreign) = (world.arrive(ALDER).await, world.arrive(BIRCH).await);
    assert_eq!(reason(overridden(&world, "anna", message(free)).await), "NOT_CLAIMED");
    world.claim().await;
    world.claim().await;
    assert_eq!(reason(overridden(&world, "pat", message(free)).await), "ITEM_NOT_CLAIMABLE");
    assert_eq!(reason(overridden(&world, "pat", message(foreign)).await), "ITEM_NOT_FOUND");
    let unsaid = OverrideClaimRequest { reason: " ".into(), ..message(free) };
    assert_eq!(reason(overridden(&world, "anna", unsaid).await), "INVALID_FIELDS");
}
