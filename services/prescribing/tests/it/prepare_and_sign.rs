//! PreparePrescription, SignPrescription, VoidPrescription.

use std::sync::Arc;

use axum::http::StatusCode;
use ehub_auth::{Caller, GrantPresented};
use ehub_identifiers::OdsCode;
use ehub_proto::prescribing::v1::{
    PreparePrescriptionRequest, PrescriptionState, SignPrescriptionRequest,
    prescribing_service_server::PrescribingService,
};
use ehub_test_support::{person, request};

use crate::{
    signer,
    world::{HUB, World, id, item, path, reason},
};

#[tokio::test]
async fn a_stale_etag_changes_nothing() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    assert_eq!(reason(world.prepare(&raised.name, "p9").await), "ETAG_MISMATCH");
    let prepared = world.prepare(&raised.name, &raised.etag).await.expect("prepared");
    let signature = signer::sign(&prepared.digest);
    assert_eq!(reason(world.sign("anna", &raised.name, &raised.etag, &signature).await), "ETAG_MISMATCH");
    assert_eq!(reason(world.void("anna", &raised.name, &raised.etag).await), "ETAG_MISMATCH");
}

#[tokio::test]
async fn without_the_grant_no_digest_is_asked_for() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let what = PreparePrescriptionRequest { request_id: id(), name: raised.name, etag: raised.etag };
    assert_eq!(reason(world.prepare_as(what, GrantPresented::Absent).await), "GRANT_REQUIRED");
    assert_eq!(world.eps.prepared(), 0);
}

#[tokio::test]
async fn a_token_for_another_practice_learns_nothing_of_a_prescription() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let mut caller = Caller::clone(&person(HUB, "anna"));
    caller.practices = Some(vec![OdsCode::parse("B82002").expect("a code")]);
    for name in [raised.name, format!("prescriptions/{}", id())] {
        for grant in [GrantPresented::Absent, world.grant(1)] {
            let what = PreparePrescriptionRequest { request_id: id(), name: name.clone(), etag: raised.etag.clone() };
            let asked = request(what, &path("PreparePrescription"), Arc::new(caller.clone()), grant);
            assert_eq!(reason(world.parts.rpc.prepare_prescription(asked).await), "PRESCRIPTION_NOT_FOUND");
        }
    }
    assert_eq!(world.eps.prepared(), 0);
}

#[tokio::test]
async fn what_eps_refuses_or_does_not_answer_is_told_apart() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    world.eps.prepare_says(Some(StatusCode::BAD_REQUEST));
    assert_eq!(reason(world.prepare(&raised.name, &raised.etag).await), "EPS_REFUSED");
    world.eps.prepare_says(Some(StatusCode::GATEWAY_TIMEOUT));
    let what = PreparePrescriptionRequest { request_id: id(), name: raised.name.clone(), etag: raised.etag.clone() };
    assert_eq!(reason(world.prepare_as(what.clone(), world.grant(1)).await), "EPS_UNREACHABLE");
    world.eps.prepare_says(None);
    let first = world.prepare_as(what.clone(), world.grant(1)).await.expect("prepared").into_inner();
    let asked = world.eps.prepared();
    let again = world.prepare_as(what, world.grant(1)).await.expect("replayed").into_inner();
    assert_eq!((again.digest, again.etag), (first.digest, first.etag));
    assert_eq!(world.eps.prepared(), asked, "a replay asks EPS nothing");
}

#[tokio::test]
async fn only_the_prescriber_signs_and_only_this_digest() {
    let world = World::new().await;
    world.member("bert", "2026-01-01", "").await.expect("a membership");
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let prepared = world.prepare(&raised.name, &raised.etag).await.expect("prepared");
    let signature = signer::sign(&prepared.digest);
    assert_eq!(reason(world.sign("bert", &raised.name, &prepared.etag, &signature).await), "NOT_THE_PRESCRIBER");
    let other = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let other = world.prepare(&other.name, &other.etag).await.expect("prepared");
    let wrong = signer::sign(&other.digest);
    assert_eq!(reason(world.sign("anna", &raised.name, &prepared.etag, &wrong).await), "SIGNATURE_INVALID");
    let signed = world.sign("anna", &raised.name, &prepared.etag, &signature).await.expect("signed");
    assert!(signed.state() == PrescriptionState::Signed);
    assert_eq!(reason(world.sign("anna", &raised.name, &signed.etag, &signature).await), "WRONG_STATE");
}

#[tokio::test]
async fn only_a_certificate_of_a_named_authority_signs() {
    let world = World::with_authorities(vec![signer::other_authority()]).await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let prepared = world.prepare(&raised.name, &raised.etag).await.expect("prepared");
    let signature = signer::sign(&prepared.digest);
    let refused = world.sign("anna", &raised.name, &prepared.etag, &signature).await;
    assert_eq!(reason(refused), "SIGNATURE_INVALID");
    assert_eq!(world.audited("SignPrescription").await.len(), 1, "the refusal is an event of the audit");

    let world = World::with_authorities(vec![signer::other_authority(), signer::authority()]).await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let prepared = world.prepare(&raised.name, &raised.etag).await.expect("prepared");
    let signed = world.sign("anna", &raised.name, &prepared.etag, &signer::sign(&prepared.digest)).await;
    assert!(signed.expect("signed").state() == PrescriptionState::Signed);
}

#[tokio::test]
async fn who_is_no_member_any_more_does_not_sign() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let prepared = world.prepare(&raised.name, &raised.etag).await.expect("prepared");
    world.member("anna", "2026-01-01", "2026-11-20").await.expect("ended");
    let signature = signer::sign(&prepared.digest);
    assert_eq!(reason(world.sign("anna", &raised.name, &prepared.etag, &signature).await), "NOT_A_MEMBER");
}

#[tokio::test]
async fn a_medicine_of_high_risk_needs_a_record_seen() {
    let world = World::new().await;
    let mut what = world.to_raise();
    what.items = vec![item("322341003")];
    let raised = world.raise(&what).await.expect("raised").into_inner();
    let prepared = world.prepare(&raised.name, &raised.etag).await.expect("prepared");
    let signature = signer::sign(&prepared.digest);
    assert_eq!(reason(world.sign("anna", &raised.name, &prepared.etag, &signature).await), "RECORD_NOT_SEEN");
    let what = SignPrescriptionRequest {
        request_id: id(),
        name: raised.name,
        etag: prepared.etag,
        signature,
        record_seen_source: "GP_CONNECT".to_owned(),
        record_seen_time: Some(prost_types::Timestamp { seconds: world.hand.now().unix_timestamp() - 60, nanos: 0 }),
    };
    let call = request(what, &path("SignPrescription"), person(HUB, "anna"), GrantPresented::Absent);
    world.parts.rpc.sign_prescription(call).await.expect("signed");
}

#[tokio::test]
async fn what_was_withdrawn_is_withdrawn_for_good() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    assert_eq!(reason(world.void("zoe", &name, &etag).await), "PRESCRIPTION_NOT_FOUND");
    let voided = world.void("bert", &name, &etag).await.expect("withdrawn");
    assert!(voided.state() == PrescriptionState::Cancelled);
    assert_eq!(reason(world.issue(crate::world::to_issue(&name, "p4")).await), "WRONG_STATE");
    assert!(world.eps.came().is_empty());
    let told = world.told().await;
    assert_eq!(told.last().map(|event| event.reason.as_str()), Some("VOIDED"), "never what somebody wrote");
}
