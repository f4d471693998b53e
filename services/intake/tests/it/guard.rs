//! Seals and fences.

use ehub_intake::testing;
use ehub_proto::internal::v1::{FenceRequest, FencedClaim, SealRequest, claim_guard_server::ClaimGuard};
use tonic::Code;
use uuid::Uuid;

use crate::world::{World, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_under_an_old_epoch_is_refused_and_the_newest_seals() {
    let world = World::new().await;
    let consultation = Uuid::now_v7().to_string();
    let guard = testing::guard(&world.db.run);
    let claims = vec![FencedClaim { consultation: consultation.clone(), epoch: 7 }];
    guard.fence(tonic::Request::new(FenceRequest { claims })).await.expect("fenced");
    let seal = |epoch| SealRequest {
        consultation: consultation.clone(),
        epoch,
        clinical_outcome: true,
        pending_signature: false,
    };
    let status = guard.seal(tonic::Request::new(seal(6))).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "CLAIM_SUPERSEDED"));
    for _ in 0..2 {
        let sealed = guard.seal(tonic::Request::new(seal(7))).await.expect("sealed").into_inner();
        assert!(sealed.open_actions.is_empty() && sealed.items.is_empty());
    }
    assert_eq!(world.count("ehub.claim_fence where epoch = 7 and sealed = 7").await, 1);
}
