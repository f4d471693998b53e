//! The log: once, in order, signed only when nothing was touched.

use ehub_audit::{
    operations::sign::{Error as SignError, Tampering},
    verify::{VerifyError, verify_consistency, verify_export, verify_inclusion},
    workers::append::Error,
};
use ehub_proto::{
    audit::v1::{
        ExportLeavesRequest, GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest,
        GetInclusionProofRequest, audit_service_server::AuditService,
    },
    internal::v1::Event,
};
use ehub_test_support::{person, request};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request};

use crate::world::{PRACTICE, World};

fn call<T>(message: T, method: &str) -> Request<T> {
    let path = format!("/ehub.audit.v1.AuditService/{method}");
    request(message, &path, person("H8H01", "anna"), ehub_auth::GrantPresented::Absent)
}

async fn leaves(world: &World) -> Vec<Vec<u8>> {
    let request = call(ExportLeavesRequest { start: 0, limit: 5000 }, "ExportLeaves");
    let answer = world.rpc().export_leaves(request).await.map_err(|status| status.to_string()).expect("leaves");
    answer.into_inner().leaves.into_iter().map(|leaf| leaf.to_vec()).collect()
}

async fn checkpoint(world: &World) -> GetCheckpointResponse {
    let answer = world.rpc().get_checkpoint(call(GetCheckpointRequest {}, "GetCheckpoint")).await;
    answer.map_err(|status| status.to_string()).expect("a checkpoint").into_inner()
}

#[tokio::test]
async fn before_the_first_checkpoint_nothing_can_be_proved() {
    let world = World::new().await;
    let refused = world.rpc().get_checkpoint(call(GetCheckpointRequest {}, "GetCheckpoint")).await;
    let status = refused.map(|_| ()).expect_err("nothing is signed yet");
    assert_eq!(status.code(), Code::FailedPrecondition);
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some("NO_CHECKPOINT"));
}

/// Tries to sign and gives what does not fit.
async fn tampering(world: &World) -> Tampering {
    match world.appender_of_turn().round(&CancellationToken::new()).await {
        Err(Error::Sign(SignError::Tampered(tampering))) => tampering,
        other => panic!("signed: {other:?}"),
    }
}

/// A log of five signed leaves and two that wait for their place.
async fn world() -> (World, Vec<Event>) {
    let world = World::new().await;
    let consultation = world.id();
    let first = vec![world.accepted(consultation, (PRACTICE, "A81001"), None), world.read(&[consultation])];
    let second = vec![world.routed(consultation), world.claimed(consultation)];
    let other = world.id();
    let third = vec![world.accepted(other, (PRACTICE, "A81001"), None)];
    assert_eq!(world.deliver("intake", first).await, ["OUTCOME_APPLIED"; 2]);
    assert_eq!(world.deliver("allocation", second).await, ["OUTCOME_APPLIED"; 2]);
    assert_eq!(world.deliver("intake", third).await, ["OUTCOME_APPLIED"]);
    world.append().await;
    let waiting = vec![world.routed(other), world.claimed(other)];
    (world, waiting)
}

#[tokio::test]
async fn before_anything_is_signed_there_is_no_checkpoint() {
    let world = World::new().await;
    let refused = world.rpc().get_checkpoint(call(GetCheckpointRequest {}, "GetCheckpoint")).await;
    assert_eq!(refused.err().map(|status| status.code()), Some(Code::FailedPrecondition));
}

#[tokio::test]
async fn events_are_appended_once_and_duplicates_ignored() {
    let (world, _) = world().await;
    let consultation = world.id();
    let event = world.accepted(consultation, (PRACTICE, "A81001"), None);
    let again = Event { version: 2, ..event.clone() };
    assert_eq!(world.deliver("intake", vec![event.clone()]).await, ["OUTCOME_APPLIED"]);
    assert_eq!(world.deliver("intake", vec![event]).await, ["OUTCOME_DUPLICATE"]);
    // The same event under another version, as after a recovery: applied, and not logged again.
    assert_eq!(world.deliver("intake", vec![again]).await, ["OUTCOME_APPLIED"]);
    world.append().await;
    world.append().await;
    assert_eq!(world.count("select count(*) from audit.event").await, 6);
    assert_eq!(world.count("select count(*) from audit.leaf").await, 6);
    assert_eq!(world.count("select max(seq) from audit.event").await, 5);
}

#[tokio::test]
async fn unknown_kinds_wait_and_broken_bodies_are_refused() {
    let world = World::new().await;
    let mut unknown = world.accepted(world.id(), (PRACTICE, "A81001"), None);
    unknown.kind = "ehub.intake.event.v1.Tomorrow".to_owned();
    assert_eq!(world.deliver("intake", vec![unknown]).await, ["OUTCOME_NOT_YET"]);
    let mut broken = world.accepted(world.id(), (PRACTICE, "A81001"), None);
    broken.body = vec![0xff].into();
    assert_eq!(world.deliver("intake", vec![broken]).await, ["OUTCOME_REFUSED"]);
    assert_eq!(world.count("select count(*) from audit.event").await, 0);
}

#[tokio::test]
async fn an_export_and_all_proofs_verify_offline() {
    let (world, waiting) = world().await;
    let before = checkpoint(&world).await;
    assert_eq!(world.deliver("allocation", waiting.clone()).await, ["OUTCOME_APPLIED"; 2]);
    world.append().await;
    let after = checkpoint(&world).await;
    assert!(after.size > before.size);
    let vkey = world.signer.verifier_key();
    assert_eq!(after.verifier_key, vkey);
    let verified = verify_export(leaves(&world).await.into_iter(), &after.checkpoint, &vkey).expect("verifies");
    assert_eq!((verified.size, verified.root.to_vec()), (after.size.unsigned_abs(), after.root.to_vec()));

    let ask = GetInclusionProofRequest { event: waiting[0].id.clone(), size: 0 };
    let proof = world.rpc().get_inclusion_proof(call(ask, "GetInclusionProof")).await;
    let proof = proof.map_err(|status| status.to_string()).expect("a proof").into_inner();
    let path: Vec<Vec<u8>> = proof.path.iter().map(|hash| hash.to_vec()).collect();
    let index = proof.index.unsigned_abs();
    let said = verify_inclusion(&proof.leaf, index, &path, &proof.checkpoint, &vkey).expect("verifies");
    assert_eq!(said.action, "ehub.allocation.event.v1.ItemRouted");
    assert_eq!(verify_inclusion(&proof.leaf, index, &path, &before.checkpoint, &vkey), Err(VerifyError::Proof));

    let ask = GetConsistencyProofRequest { first: before.size, second: 0 };
    let proof = world.rpc().get_consistency_proof(call(ask, "GetConsistencyProof")).await;
    let proof = proof.map_err(|status| status.to_string()).expect("a proof").into_inner();
    let path: Vec<Vec<u8>> = proof.path.iter().map(|hash| hash.to_vec()).collect();
    assert!(verify_consistency(&before.checkpoint, &after.checkpoint, &path, &vkey).is_ok());
}

#[tokio::test]
async fn what_cannot_be_proved_is_refused() {
    let (world, waiting) = world().await;
    let early = GetInclusionProofRequest { event: waiting[0].id.clone(), size: 0 };
    let refused = world.rpc().get_inclusion_proof(call(early, "GetInclusionProof")).await;
    assert_eq!(refused.err().map(|status| status.code()), Some(Code::NotFound));
    let large = GetConsistencyProofRequest { first: 1, second: 500 };
    let refused = world.rpc().get_consistency_proof(call(large, "GetConsistencyProof")).await;
    assert_eq!(refused.err().map(|status| status.code()), Some(Code::FailedPrecondition));
}

#[tokio::test]
async fn a_row_changed_before_signing_is_not_signed() {
    let (world, waiting) = world().await;
    world.deliver("allocation", waiting).await;
    // Appended by one process that dies before it signs.
    world.sql("create function audit.no_row() returns trigger language plpgsql as 'begin return null; end'").await;
    world
        .sql("create trigger no_signing before insert on audit.checkpoint for each row execute function audit.no_row()")
        .await;
    world.appender_of_turn().round(&CancellationToken::new()).await.expect("appended");
    world.sql("drop trigger no_signing on audit.checkpoint").await;
    world.sql("update audit.event set outcome = 'REFUSED' where seq = 6").await;
    assert_eq!(tampering(&world).await, Tampering::Event { seq: 6 });
    world.sql("update audit.event set outcome = 'OK' where seq = 6").await;
    world.append().await;
    assert_eq!(checkpoint(&world).await.size, 7);
}

#[tokio::test]
async fn flipped_nodes_and_leaves_and_cut_logs_are_not_signed() {
    let (world, waiting) = world().await;
    world.deliver("allocation", waiting).await;
    world
        .sql("update audit.node set hash = set_byte(hash, 3, 255 - get_byte(hash, 3)) where level = 2 and place = 0")
        .await;
    assert_eq!(tampering(&world).await, Tampering::Rewritten { signed: 5 });
    world
        .sql("update audit.node set hash = set_byte(hash, 3, 255 - get_byte(hash, 3)) where level = 2 and place = 0")
        .await;
    world.sql("update audit.leaf set bytes = set_byte(bytes, 30, 255 - get_byte(bytes, 30)) where seq = 5").await;
    let found = tampering(&world).await;
    assert!(matches!(found, Tampering::Leaf { seq: 5 } | Tampering::Event { seq: 5 }), "{found:?}");
    world.sql("delete from audit.leaf where seq >= 4").await;
    assert_eq!(tampering(&world).await, Tampering::Truncated { size: 4, signed: 5 });
}

#[tokio::test]
async fn a_change_after_signing_is_found_by_an_export() {
    let (world, _) = world().await;
    let signed = checkpoint(&world).await;
    let vkey = world.signer.verifier_key();
    // Superuser edits a leaf in place, keeping it readable: the actor of an old read.
    world
        .sql(
            "update audit.leaf set bytes = overlay(bytes placing 'anne'::bytea from position('anna'::bytea in bytes)) \
              where position('anna'::bytea in bytes) > 0",
        )
        .await;
    let found = verify_export(leaves(&world).await.into_iter(), &signed.checkpoint, &vkey);
    assert_eq!(found, Err(VerifyError::Root));
}

#[tokio::test]
async fn two_appenders_take_turns() {
    let (world, waiting) = world().await;
    world.deliver("allocation", waiting).await;
    let (one, other, stop) = (world.appender_of_turn(), world.appender(), CancellationToken::new());
    let (first, second) = tokio::join!(one.round(&stop), other.round(&stop));
    first.expect("one appends");
    second.expect("the other waits for its turn");
    assert_eq!(world.count("select count(*) from audit.leaf").await, 7);
    assert_eq!(world.count("select count(*) from audit.checkpoint").await, 2);
}
