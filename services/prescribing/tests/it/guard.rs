//! ClaimGuard and Roots.

use ehub_proto::internal::v1::{
    ListRootsRequest, SealRequest, SealResponse, claim_guard_server::ClaimGuard, roots_server::Roots,
};
use ehub_roots::RootsService;
use tonic::{Request, Status};

use crate::{
    eps::Manner,
    world::{World, reason, to_issue},
};

impl World {
    async fn seal(&self, epoch: i64, pending_signature: bool) -> Result<SealResponse, Status> {
        let consultation = self.consultation.to_string();
        let what = SealRequest { consultation, epoch, clinical_outcome: true, pending_signature };
        self.parts.guard.seal(Request::new(what)).await.map(tonic::Response::into_inner)
    }

    async fn open(&self, pending_signature: bool) -> Vec<String> {
        let sealed = self.seal(1, pending_signature).await.expect("an answer");
        assert!(sealed.items.is_empty());
        sealed.open_actions.into_iter().map(|action| action.kind).collect()
    }
}

#[tokio::test]
async fn an_epoch_that_is_over_is_not_sealed() {
    let world = World::new().await;
    world.raise_by("anna", &world.to_raise(), world.grant(4)).await.expect("raised");
    assert_eq!(reason(world.seal(3, false).await), "CLAIM_SUPERSEDED");
}

#[tokio::test]
async fn what_is_not_issued_is_open_and_a_missing_signature_is_told_apart() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    assert_eq!(world.open(true).await, ["PRESCRIPTION_NOT_ISSUED"], "it has no digest to sign");
    let prepared = world.prepare(&raised.name, &raised.etag).await.expect("prepared");
    assert_eq!(world.open(true).await, ["PRESCRIPTION_NOT_SIGNED"]);
    assert_eq!(world.open(false).await, ["PRESCRIPTION_NOT_ISSUED"]);
    world.void("anna", &raised.name, &prepared.etag).await.expect("withdrawn");
    assert!(world.open(false).await.is_empty(), "and now it is sealed");
    assert_eq!(reason(world.raise(&world.to_raise()).await), "CLAIM_SEALED");
}

#[tokio::test]
async fn what_is_being_sent_or_was_refused_is_open() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    world.eps.next(Manner::TimesOut);
    world.issue(to_issue(&name, &etag)).await.expect("answered");
    assert_eq!(world.open(true).await, ["PRESCRIPTION_NOT_ISSUED"]);
    world.eps.next(Manner::Refuses("INVALID_VALUE"));
    world.hand.advance(std::time::Duration::from_secs(60));
    world.parts.issue.send_due().await;
    assert_eq!(world.open(true).await, ["PRESCRIPTION_NOT_ISSUED"]);
}

#[tokio::test]
async fn a_sealed_manifest_names_what_was_issued_with_its_version() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    let issued = world.issue(to_issue(&name, &etag)).await.expect("answered").into_inner();
    let sealed = world.seal(1, false).await.expect("sealed");
    assert!(sealed.open_actions.is_empty());
    assert_eq!(sealed.items.len(), 1);
    assert_eq!((sealed.items[0].name.as_str(), format!("p{}", sealed.items[0].version)), (name.as_str(), issued.etag));
    // Asked twice is asked once.
    assert_eq!(world.seal(1, false).await.expect("sealed").items.len(), 1);

    let roots = RootsService::new(world.db.run.clone());
    let shard = i32::from(world.consultation.as_bytes()[15]);
    let listed = roots.list_roots(Request::new(ListRootsRequest { shard, ..Default::default() })).await.expect("roots");
    let roots = listed.into_inner().roots;
    let id = name.trim_start_matches("prescriptions/");
    assert_eq!(roots.len(), 1);
    assert_eq!(roots[0].state, format!("{id}=ISSUED"));
    assert_eq!(roots[0].version, 5);
}
