//! Claiming, renewing, releasing, expiring.

use std::{collections::HashSet, sync::atomic::Ordering, time::Duration};

use ehub_auth::{GrantPresented, GrantRefusal};
use ehub_proto::allocation::v1::{
    ClaimItemRequest, ClaimNextRequest, ReleaseClaimRequest, RenewClaimRequest,
    allocation_service_server::AllocationService,
};
use ehub_test_support::person;
use sqlx::Executor;
use uuid::Uuid;

use crate::world::{ALDER, BIRCH, HUB, LEASE, World, anna, call, granted, kinds, pat, reason, replayed};

fn claim_item(consultation: Uuid) -> ClaimItemRequest {
    ClaimItemRequest { request_id: Uuid::now_v7().to_string(), consultation: format!("consultations/{consultation}") }
}

fn renew(name: &str) -> RenewClaimRequest {
    RenewClaimRequest { request_id: Uuid::now_v7().to_string(), consultation: name.to_owned() }
}

fn release(name: &str) -> ReleaseClaimRequest {
    ReleaseClaimRequest { request_id: Uuid::now_v7().to_string(), consultation: name.to_owned() }
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new().await;
    let message =
        ClaimNextRequest { request_id: "no".into(), skills: vec![String::new()], practices_ods: vec!["!".into()] };
    let status =
        world.rpc.claim_next(call("ClaimNext", message, &anna(), GrantPresented::Absent)).await.err().expect("refused");
    let details = tonic_types::StatusExt::get_error_details(&status);
    let fields: Vec<&str> = details
        .bad_request()
        .expect("fields")
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["request_id", "skills[0]", "practices_ods[0]"]);
}

#[tokio::test]
async fn what_is_not_yours_is_not_there() {
    let world = World::new().await;
    let id = world.arrive(BIRCH).await;
    for (stranger, told) in [(pat(), "ITEM_NOT_FOUND"), (person("X99999", "eve"), "ORGANISATION_UNKNOWN")] {
        let refused = world.rpc.claim_item(call("ClaimItem", claim_item(id), &stranger, GrantPresented::Absent)).await;
        assert_eq!(reason(refused), told);
    }
    let missing =
        world.rpc.claim_item(call("ClaimItem", claim_item(Uuid::now_v7()), &anna(), GrantPresented::Absent)).await;
    assert_eq!(reason(missing), "ITEM_NOT_FOUND");
}

#[tokio::test]
async fn a_practice_sees_but_does_not_claim_what_is_in_the_hubs_pool() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let refused = world.rpc.claim_item(call("ClaimItem", claim_item(id), &pat(), GrantPresented::Absent)).await;
    assert_eq!(reason(refused), "ITEM_NOT_CLAIMABLE");
}

#[tokio::test]
async fn a_claimed_item_is_not_claimable_and_an_empty_queue_is_no_error() {
    let world = World::new().await;
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()));
    let id = world.arrive(ALDER).await;
    world.claim().await;
    let refused = world.rpc.claim_item(call("ClaimItem", claim_item(id), &anna(), GrantPresented::Absent)).await;
    assert_eq!(reason(refused), "ITEM_NOT_CLAIMABLE");
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()));
}

#[tokio::test]
async fn nothing_is_given_out_while_others_know_more_than_the_database() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let mut admin = world.db.admin().await;
    admin
        .execute("insert into ehub.outbox_ahead values ('audit', gen_random_uuid(), 2, now())")
        .await
        .expect("as its relay would");
    let refused = world.rpc.claim_item(call("ClaimItem", claim_item(id), &anna(), GrantPresented::Absent)).await;
    assert_eq!(refused.as_ref().err().expect("refused").code(), tonic::Code::Unavailable);
    assert_eq!(reason(refused), "CLAIMS_STOPPED");
    assert_eq!(
        world.claim_next(&anna(), Uuid::now_v7()).await.err().map(|status| status.code()),
        Some(tonic::Code::Unavailable)
    );
    assert_eq!(kinds(&world, id).await, ["ItemRouted"], "nobody holds it");
    admin
        .execute("insert into ehub.outbox_stream (stream, version) select stream, heard from ehub.outbox_ahead")
        .await
        .expect("put right, whether its relay has noticed or not");
    world.claim().await;
    assert_eq!(kinds(&world, id).await, ["ItemRouted", "ItemClaimed"]);
}

#[tokio::test]
async fn stale_access_refuses_people() {
    let world = World::new().await;
    world.arrive(ALDER).await;
    world.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(reason(world.claim_next(&anna(), Uuid::now_v7()).await), "ACCESS_STALE");
}

#[tokio::test]
async fn sixteen_at_once_never_get_the_same_item() {
    let world = std::sync::Arc::new(World::new().await);
    for _ in 0..10 {
        world.arrive(ALDER).await;
        world.arrive(BIRCH).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let world = std::sync::Arc::clone(&world);
        tasks.spawn(async move {
            let claim =
                world.claim_next(&anna(), Uuid::now_v7()).await.map_err(|status| status.code()).expect("no error");
            claim.expect("twenty wait").item.expect("an item").consultation
        });
    }
    let given: Vec<String> = tasks.join_all().await;
    assert_eq!(given.iter().collect::<HashSet<_>>().len(), 16);
}

#[tokio::test]
async fn a_repeated_claim_signs_again_until_the_lease_has_ended() {
    let world = World::new().await;
    world.arrive(ALDER).await;
    let request_id = Uuid::now_v7();
    let first = world.claim_next(&anna(), request_id).await.ok().flatten().expect("a claim");
    assert_eq!(first.grant.split('.').count(), 3);
    let mut conn = world.db.admin().await;
    let recorded: Vec<u8> =
        sqlx::query_scalar("select answer from ehub.idempotency").fetch_one(&mut conn).await.expect("a record");
    let secret = first.grant.rsplit('.').next().expect("a signature").as_bytes();
    assert!(!recorded.windows(secret.len()).any(|part| part == secret), "a grant was stored");
    world.clock.advance(Duration::from_secs(60));
    let again = world.claim_next(&anna(), request_id).await.ok().flatten().expect("the same claim");
    assert_eq!(
        (again.epoch, again.expire_time.map(|at| at.seconds)),
        (first.epoch, first.expire_time.map(|at| at.seconds))
    );
    assert_eq!(again.grant.split('.').count(), 3);
    world.clock.advance(LEASE);
    assert_eq!(reason(world.claim_next(&anna(), request_id).await), "CLAIM_EXPIRED");
}

#[tokio::test]
async fn a_request_id_with_other_content_is_refused() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let mut message = claim_item(id);
    let first = world
        .rpc
        .claim_item(call("ClaimItem", message.clone(), &anna(), GrantPresented::Absent))
        .await
        .ok()
        .expect("claimed");
    assert!(!replayed(&first));
    let again = world
        .rpc
        .claim_item(call("ClaimItem", message.clone(), &anna(), GrantPresented::Absent))
        .await
        .ok()
        .expect("replayed");
    assert!(replayed(&again));
    message.consultation = format!("consultations/{}", Uuid::now_v7());
    let other = world.rpc.claim_item(call("ClaimItem", message, &anna(), GrantPresented::Absent)).await;
    assert_eq!(reason(other), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn renewing_needs_the_grant_of_the_claim() {
    let world = World::new().await;
    world.arrive(ALDER).await;
    let (claim, grant) = world.claim().await;
    let name = claim.item.as_ref().expect("an item").consultation.clone();
    let refused = |grant| world.rpc.renew_claim(call("RenewClaim", renew(&name), &anna(), grant));
    assert_eq!(reason(refused(GrantPresented::Absent).await), "GRANT_REQUIRED");
    assert_eq!(reason(refused(GrantPresented::Invalid(GrantRefusal::Expired)).await), "CLAIM_EXPIRED");
    world.clock.advance(Duration::from_secs(100));
    let renewed = refused(grant).await.ok().expect("renewed").into_inner().claim.expect("a claim");
    assert_eq!(renewed.epoch, claim.epoch);
    let (before, after) = (claim.expire_time.expect("an end").seconds, renewed.expire_time.expect("an end").seconds);
    assert_eq!(after - before, 100);
}

#[tokio::test]
async fn releasing_fences_and_opens_at_once() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (claim, grant) = world.claim().await;
    let name = format!("consultations/{id}");
    let answer = world
        .rpc
        .release_claim(call("ReleaseClaim", release(&name), &anna(), grant.clone()))
        .await
        .ok()
        .expect("released");
    assert!(answer.into_inner().fenced);
    let fenced = world.guard.fenced.lock().expect("lock").clone();
    assert_eq!(fenced.iter().map(|(_, epoch)| *epoch).collect::<Vec<_>>(), [claim.epoch + 1]);
    let late = world.rpc.renew_claim(call("RenewClaim", renew(&name), &anna(), grant)).await;
    assert_eq!(reason(late), "CLAIM_SUPERSEDED");
    let (next, _) = world.claim().await;
    assert!(next.epoch > claim.epoch + 1);
    assert_eq!(kinds(&world, id).await, ["ItemRouted", "ItemClaimed", "ClaimEnded", "ItemClaimed"]);
}

#[tokio::test]
async fn an_item_that_could_not_be_fenced_waits_for_the_old_grant() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (_, grant) = world.claim().await;
    world.guard.away.store(true, Ordering::SeqCst);
    let message = release(&format!("consultations/{id}"));
    let answer = world
        .rpc
        .release_claim(call("ReleaseClaim", message.clone(), &anna(), grant.clone()))
        .await
        .ok()
        .expect("released");
    assert!(!answer.into_inner().fenced);
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()));
    let refused = world.rpc.claim_item(call("ClaimItem", claim_item(id), &anna(), GrantPresented::Absent)).await;
    assert_eq!(reason(refused), "ITEM_NOT_CLAIMABLE");
    // The repeated call pushes the fence again.
    let again = async || {
        let again = call("ReleaseClaim", message.clone(), &anna(), grant.clone());
        let again = world.rpc.release_claim(again).await.ok().expect("replayed");
        replayed(&again) && again.into_inner().fenced
    };
    assert!(!again().await);
    world.guard.away.store(false, Ordering::SeqCst);
    assert!(again().await);
    // What has been said once stays said, whoever is away by then.
    world.guard.away.store(true, Ordering::SeqCst);
    assert!(again().await);
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_some()));
    assert!(again().await, "the item has moved on");
}

#[tokio::test]
async fn a_lease_that_ran_out_comes_back_after_the_skew_with_its_age() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (claim, _) = world.claim().await;
    world.advance(LEASE).await;
    let grant = granted(&claim, "anna");
    let late = world.rpc.renew_claim(call("RenewClaim", renew(&format!("consultations/{id}")), &anna(), grant)).await;
    assert_eq!(reason(late), "CLAIM_EXPIRED");
    world.worker().step().await;
    assert_eq!(kinds(&world, id).await, ["ItemRouted", "ItemClaimed", "ClaimEnded"]);
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()), "within the skew");
    world.advance(Duration::from_secs(5)).await;
    let (next, _) = world.claim().await;
    assert_eq!(next.epoch, claim.epoch + 1);
    let (before, after) = (claim.item.expect("an item"), next.item.expect("an item"));
    assert_eq!(before.respond_by.map(|at| at.seconds), after.respond_by.map(|at| at.seconds));
    assert_eq!(after.pool_ods, HUB.1);
}
