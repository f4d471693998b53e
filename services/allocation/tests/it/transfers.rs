//! Passing back, acknowledging, returning.

use std::time::Duration;

use ehub_auth::GrantPresented;
use ehub_proto::{
    allocation::{
        event::v1::ItemTransferred,
        v1::{
            AcknowledgeTransferRequest, ClaimItemRequest, ListAlertsRequest, ListInboxRequest, PassBackRequest,
            SafeDisposition, WorkItem, allocation_service_server::AllocationService,
        },
    },
    intake::v1::Urgency,
};
use prost::Message as _;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::world::{ALDER, HUB, World, accepted, anna, call, kinds, pat, reason};

fn pass_back(consultation: Uuid) -> PassBackRequest {
    PassBackRequest {
        request_id: Uuid::now_v7().to_string(),
        consultation: format!("consultations/{consultation}"),
        reason: "knows the patient well".into(),
        safe_disposition: None,
    }
}

fn acknowledge(consultation: Uuid) -> AcknowledgeTransferRequest {
    AcknowledgeTransferRequest {
        request_id: Uuid::now_v7().to_string(),
        consultation: format!("consultations/{consultation}"),
    }
}

async fn passed_back(world: &World) -> (Uuid, WorkItem) {
    let id = world.arrive(ALDER).await;
    let (_, grant) = world.claim().await;
    let answer = world
        .rpc
        .pass_back(call("PassBack", pass_back(id), &anna(), grant))
        .await
        .ok()
        .expect("passed back")
        .into_inner();
    assert!(answer.fenced);
    (id, answer.item.expect("an item"))
}

#[tokio::test]
async fn an_emergency_without_contact_stays() {
    let world = World::new().await;
    let id = world.accept(&accepted(ALDER, Urgency::Emergency)).await;
    let (_, grant) = world.claim().await;
    let refused = world.rpc.pass_back(call("PassBack", pass_back(id), &anna(), grant)).await;
    let status = refused.as_ref().err().expect("refused");
    let fields = status.get_error_details().bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    assert_eq!(fields.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["safe_disposition"]);
    assert_eq!(reason(refused), "EMERGENCY_NOT_SETTLED");
}

#[tokio::test]
async fn an_emergency_goes_back_with_how_it_was_made_safe() {
    let world = World::new().await;
    let id = world.accept(&accepted(ALDER, Urgency::Emergency)).await;
    let (_, grant) = world.claim().await;
    let spoken = |seconds| SafeDisposition {
        kind: "SPOKE_TO_PATIENT".into(),
        time: Some(ehub_proto::timestamp(world.clock.now() + Duration::from_secs(seconds))),
    };
    let with = |safe| PassBackRequest { safe_disposition: Some(safe), ..pass_back(id) };
    let refused = world.rpc.pass_back(call("PassBack", with(spoken(60)), &anna(), grant.clone())).await;
    assert_eq!(reason(refused), "INVALID_FIELDS", "in the future");
    let answer = world.rpc.pass_back(call("PassBack", with(spoken(0)), &anna(), grant)).await;
    let item = answer.ok().expect("passed back").into_inner().item.expect("an item");
    assert!(item.acknowledgement_pending && item.pool_ods == ALDER.1);
    assert_eq!(item.safe_disposition.map(|safe| safe.kind).as_deref(), Some("SPOKE_TO_PATIENT"));

    let list = ListInboxRequest { page_size: 10, ..ListInboxRequest::default() };
    let inbox = world.rpc.list_inbox(call("ListInbox", list, &pat(), GrantPresented::Absent)).await;
    let inbox = inbox.ok().expect("the practice's inbox").into_inner().items;
    assert_eq!(inbox[0].safe_disposition.as_ref().map(|safe| safe.kind.as_str()), Some("SPOKE_TO_PATIENT"));
    let body: Vec<u8> = sqlx::query_scalar("select body from ehub.outbox where kind like '%.ItemTransferred'")
        .fetch_one(&mut world.db.admin().await)
        .await
        .expect("one event");
    assert_eq!(ItemTransferred::decode(body.as_slice()).expect("readable").safe_kind, "SPOKE_TO_PATIENT");
    let alerts = ListAlertsRequest { page_size: 10, ..ListAlertsRequest::default() };
    let alerts = world.rpc.list_alerts(call("ListAlerts", alerts, &anna(), GrantPresented::Absent)).await;
    let alerts = alerts.ok().expect("alerts").into_inner().alerts;
    assert_eq!(alerts.iter().map(|alert| alert.acknowledged_by.as_str()).collect::<Vec<_>>(), ["anna"]);
}

#[tokio::test]
async fn only_the_receiver_acknowledges_and_only_once() {
    let world = World::new().await;
    let (id, item) = passed_back(&world).await;
    assert!(item.acknowledgement_pending && item.pool_ods == ALDER.1);
    let (hub, practice) = (anna(), pat());
    let acknowledged =
        |who| world.rpc.acknowledge_transfer(call("AcknowledgeTransfer", acknowledge(id), who, GrantPresented::Absent));
    assert_eq!(reason(acknowledged(&hub).await), "TRANSFER_NOT_PENDING");
    let answer = acknowledged(&practice).await.ok().expect("acknowledged").into_inner().item.expect("an item");
    assert!(!answer.acknowledgement_pending);
    assert_eq!(reason(acknowledged(&practice).await), "TRANSFER_NOT_PENDING");
    assert_eq!(
        kinds(&world, id).await,
        ["ItemRouted", "ItemClaimed", "ClaimEnded", "ItemTransferred", "TransferAcknowledged"]
    );
}

#[tokio::test]
async fn what_nobody_acknowledges_returns_to_the_hub_with_its_clock() {
    let world = World::new().await;
    let (id, before) = passed_back(&world).await;
    world.advance(Duration::from_secs(3599)).await;
    world.worker().step().await;
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()));
    world.advance(Duration::from_secs(1)).await;
    world.worker().step().await;
    let (claim, _) = world.claim().await;
    let after = claim.item.expect("an item");
    assert_eq!(after.pool_ods, HUB.1);
    assert_eq!(after.consultation, format!("consultations/{id}"));
    assert_eq!(before.respond_by.map(|at| at.seconds), after.respond_by.map(|at| at.seconds));
    assert_eq!(before.work_by.map(|at| at.seconds), after.work_by.map(|at| at.seconds));
}

#[tokio::test]
async fn claiming_acknowledges_and_a_second_pass_back_has_nowhere_to_go() {
    let world = World::new().await;
    let (id, _) = passed_back(&world).await;
    let message =
        ClaimItemRequest { request_id: Uuid::now_v7().to_string(), consultation: format!("consultations/{id}") };
    let claim =
        world.rpc.claim_item(call("ClaimItem", message, &pat(), GrantPresented::Absent)).await.ok().expect("claimed");
    let claim = claim.into_inner().claim.expect("a claim");
    assert!(!claim.item.as_ref().expect("an item").acknowledgement_pending);
    let grant = crate::world::granted(&claim, "pat-A81001");
    let refused = world.rpc.pass_back(call("PassBack", pass_back(id), &pat(), grant)).await;
    assert_eq!(reason(refused), "ALREADY_AT_PRACTICE");
}
