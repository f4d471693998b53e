//! Seals and fences.

use ehub_proto::internal::v1::{
    FenceRequest, FencedClaim, FindRootsRequest, SealRequest, claim_guard_server::ClaimGuard, roots_server::Roots,
};
use ehub_roots::RootsService;
use ehub_writeback::rpc::claim_guard::Guard;
use tonic::{Code, Request};

use crate::world::{ALDER, EPOCH, World, reason, refusal, world};

fn guard(world: &World) -> Guard {
    Guard::new(ehub_calls::Calls::new(world.db.run.clone()))
}

fn seal(world: &World, epoch: i64, clinical_outcome: bool) -> Request<SealRequest> {
    let consultation = world.consultation.to_string();
    Request::new(SealRequest { consultation, epoch, clinical_outcome, pending_signature: false })
}

#[tokio::test]
async fn a_fence_supersedes_lower_claims() {
    let world = world().await;
    let claims = vec![FencedClaim { consultation: world.consultation.to_string(), epoch: EPOCH + 1 }];
    guard(&world).fence(Request::new(FenceRequest { claims })).await.map_err(|status| reason(&status)).expect("fenced");
    let old = world.file(world.filing(world.consultation), world.claim(world.consultation, ALDER, EPOCH)).await;
    assert_eq!(refusal(old), (Code::FailedPrecondition, "CLAIM_SUPERSEDED".into()));
    let late = guard(&world).seal(seal(&world, EPOCH, true)).await;
    assert_eq!(refusal(late), (Code::FailedPrecondition, "CLAIM_SUPERSEDED".into()));
    let new = world.file(world.filing(world.consultation), world.claim(world.consultation, ALDER, EPOCH + 1)).await;
    assert!(new.is_ok());
}

#[tokio::test]
async fn a_clinical_outcome_needs_an_entry_and_a_seal_ends_filing() {
    let world = world().await;
    let open = guard(&world).seal(seal(&world, EPOCH, true)).await.map_err(|status| reason(&status)).expect("answered");
    let open = open.into_inner();
    assert_eq!((open.open_actions.len(), open.items.len()), (1, 0));
    assert_eq!(open.open_actions[0].kind, "ENTRY_MISSING");
    let entry = world.filed().await;
    for _ in 0..2 {
        let sealed = guard(&world).seal(seal(&world, EPOCH, true)).await.map_err(|status| reason(&status));
        let items = sealed.expect("sealed").into_inner().items;
        assert_eq!((items.len(), items[0].name.clone(), items[0].version), (1, format!("entries/{entry}"), 1));
    }
    let late = world.file(world.filing(world.consultation), world.claim(world.consultation, ALDER, EPOCH)).await;
    assert_eq!(refusal(late), (Code::FailedPrecondition, "CLAIM_SEALED".into()));
}

#[tokio::test]
async fn an_administrative_outcome_needs_no_entry() {
    let world = world().await;
    let sealed =
        guard(&world).seal(seal(&world, EPOCH, false)).await.map_err(|status| reason(&status)).expect("sealed");
    let sealed = sealed.into_inner();
    assert!(sealed.open_actions.is_empty() && sealed.items.is_empty());
}

#[tokio::test]
async fn roots_say_what_the_events_said() {
    let world = world().await;
    let entry = world.filed().await;
    let service = RootsService::new(world.db.run.clone());
    let ids = vec![world.consultation.to_string(), entry.to_string()];
    let asked = Request::new(FindRootsRequest { ids, ..Default::default() });
    let roots = service.find_roots(asked).await.expect("roots").into_inner().roots;
    let told: Vec<_> = roots.into_iter().map(|root| (root.id, root.version, root.state)).collect();
    assert_eq!(told, [(world.consultation.to_string(), 1, format!("{entry}=HELD"))]);
}
