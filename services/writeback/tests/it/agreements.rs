//! Agreements: default deny, dated, own organisation only, changed by etag.

use ehub_auth::GrantPresented;
use ehub_proto::writeback::v1::{self as proto, writeback_service_server::WritebackService};
use ehub_test_support::{person, request};
use tonic::Code;

use crate::world::{ALDER, CEDAR, EPOCH, World, reason, refusal, world};

async fn list(world: &World, ods: &str, subject: &str) -> Vec<proto::Agreement> {
    let path = "/ehub.writeback.v1.WritebackService/ListAgreements";
    let message = proto::ListAgreementsRequest::default();
    let listed = world.rpc.list_agreements(request(message, path, person(ods, subject), GrantPresented::Absent)).await;
    listed.map_err(|status| reason(&status)).expect("a list").into_inner().agreements
}

#[tokio::test]
async fn only_the_own_organisation_and_known_practices() {
    let world = world().await;
    let foreign = proto::Agreement {
        from_ods: "B82002".into(),
        to_ods: "A81001".into(),
        mesh_mailbox: "PRACA001".into(),
        from_date: "2026-01-01".into(),
        ..Default::default()
    };
    assert_eq!(refusal(world.put(foreign.clone()).await), (Code::PermissionDenied, "PRACTICE_NOT_ALLOWED".into()));
    let unknown = proto::Agreement { from_ods: "H8H01".into(), to_ods: "Z99999".into(), ..foreign };
    assert_eq!(refusal(world.put(unknown).await), (Code::InvalidArgument, "INVALID_FIELDS".into()));
    assert!(list(&world, "B82002", "bert").await.is_empty());
    assert_eq!(list(&world, "H8H01", "anna").await.len(), 1);
}

#[tokio::test]
async fn a_stale_etag_is_refused() {
    let world = world().await;
    let first = world.agree("C83003", "2026-01-01").await.map_err(|status| reason(&status)).expect("put");
    let ended = proto::Agreement { to_date: "2026-03-02".into(), ..first.clone() };
    let second = world.put(ended).await.map_err(|status| reason(&status)).expect("replaced");
    assert_eq!((second.version, second.name == first.name), (2, true));
    assert_eq!(refusal(world.put(first).await), (Code::Aborted, "ETAG_MISMATCH".into()));
    let gone = proto::Agreement { name: format!("agreements/{}", world.consultation), ..second };
    assert_eq!(refusal(world.put(gone).await), (Code::NotFound, "AGREEMENT_NOT_FOUND".into()));
}

#[tokio::test]
async fn an_agreement_holds_on_its_days_only() {
    let world = world().await;
    world.agree("C83003", "2026-03-03").await.map_err(|status| reason(&status)).expect("from tomorrow");
    let filing = world.filing(world.without_agreement);
    let claim = world.claim(world.without_agreement, CEDAR, EPOCH);
    let early = world.file(filing, claim).await.map_err(|status| reason(&status)).expect("filed");
    assert_eq!(early.attention_reason, "NO_AGREEMENT");
    let claim = world.claim(world.consultation, ALDER, EPOCH);
    let covered = world.file(world.filing(world.consultation), claim).await.map_err(|status| reason(&status));
    assert_eq!(covered.expect("filed").attention_reason, "");
}
