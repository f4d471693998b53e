//! What becomes of a patient's wish to withdraw.

use ehub_auth::GrantPresented;
use ehub_proto::{
    allocation::v1::{GetWorkItemRequest, ItemState, WorkItem, allocation_service_server::AllocationService},
    intake::{event::v1::WithdrawalRequested, v1::Urgency},
};
use prost::Message;
use uuid::Uuid;

use crate::world::{ALDER, NOW, World, accepted, anna, at, call, kinds};

const WISH: &str = "ehub.intake.event.v1.WithdrawalRequested";

fn wish(id: Uuid, flagged: bool) -> Vec<u8> {
    WithdrawalRequested {
        consultation: id.to_string(),
        episode: 1,
        reason: "BETTER".into(),
        flagged,
        request_time: Some(at(NOW)),
    }
    .encode_to_vec()
}

async fn get(world: &World, id: Uuid) -> WorkItem {
    let message = GetWorkItemRequest { consultation: format!("consultations/{id}") };
    let answer = world.rpc.get_work_item(call("GetWorkItem", message, &anna(), GrantPresented::Absent)).await;
    answer.map_err(|status| status.code()).expect("an item").into_inner().item.expect("an item")
}

#[tokio::test]
async fn what_nobody_worked_on_is_withdrawn_and_not_given_out() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    assert_eq!(world.deliver("intake", WISH, id, 2, wish(id, false)).await, "OUTCOME_APPLIED");
    let item = get(&world, id).await;
    assert!(item.state() == ItemState::Withdrawn);
    assert_eq!(item.withdraw_reason, "BETTER");
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()));
    assert_eq!(kinds(&world, id).await, ["ItemRouted", "ItemWithdrawn"]);
    let mut conn = world.db.admin().await;
    let legs: Vec<Option<String>> =
        sqlx::query_scalar("select ended_by from allocation.leg where consultation = $1 order by number")
            .bind(id)
            .fetch_all(&mut conn)
            .await
            .expect("legs");
    assert_eq!(legs, [Some("WITHDRAWN".to_owned())]);
}

#[tokio::test]
async fn what_is_flagged_or_held_stays_and_shows_the_wish() {
    let world = World::new().await;
    let flagged = world.arrive(ALDER).await;
    let urgent = world.accept(&accepted(ALDER, Urgency::Urgent)).await;
    for (id, flag) in [(flagged, true), (urgent, false)] {
        assert_eq!(world.deliver("intake", WISH, id, 2, wish(id, flag)).await, "OUTCOME_APPLIED");
        let item = get(&world, id).await;
        assert!(item.state() == ItemState::Queued);
        assert_eq!(item.withdraw_reason, "BETTER");
    }
    // A wish takes nothing out of its turn.
    world.claim().await;
    world.claim().await;
    let busy = world.arrive(ALDER).await;
    world.claim().await;
    let before = get(&world, busy).await.version;
    assert_eq!(world.deliver("intake", WISH, busy, 2, wish(busy, false)).await, "OUTCOME_APPLIED");
    let item = get(&world, busy).await;
    assert!(item.state() == ItemState::Claimed);
    assert!(item.withdraw_request_time.is_some() && item.version > before, "watchers see it");
    assert!(!kinds(&world, busy).await.contains(&"ItemWithdrawn".to_owned()));
}

#[tokio::test]
async fn a_wish_before_its_consultation_waits() {
    let world = World::new().await;
    let id = Uuid::now_v7();
    assert_eq!(world.deliver("intake", WISH, id, 1, wish(id, false)).await, "OUTCOME_NOT_YET");
    assert_eq!(world.deliver("intake", WISH, id, 1, Vec::new()).await, "OUTCOME_REFUSED");
}
