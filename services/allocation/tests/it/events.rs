//! The facts of others, in any order.

use ehub_auth::GrantPresented;
use ehub_proto::{
    allocation::v1::{GetWorkItemRequest, WorkItem, allocation_service_server::AllocationService},
    intake::v1::Urgency,
    writeback::{event::v1::EntryMoved, v1::EntryState},
};
use prost::Message;
use uuid::Uuid;

use crate::world::{ALDER, HUB, World, accepted, anna, call, kinds};

async fn get(world: &World, id: Uuid) -> WorkItem {
    let message = GetWorkItemRequest { consultation: format!("consultations/{id}") };
    let answer = world.rpc.get_work_item(call("GetWorkItem", message, &anna(), GrantPresented::Absent)).await;
    answer.map_err(|status| status.code()).expect("an item").into_inner().item.expect("an item")
}

fn moved(id: Uuid, entry: Uuid, state: EntryState) -> Vec<u8> {
    EntryMoved { entry: entry.to_string(), consultation: id.to_string(), state: state.into(), reason: String::new() }
        .encode_to_vec()
}

const MOVED: &str = "ehub.writeback.event.v1.EntryMoved";

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_what_is_not_known_waits() {
    let world = World::new().await;
    let stream = Uuid::now_v7();
    let kind = "ehub.intake.event.v1.ConsultationAccepted";
    assert_eq!(world.deliver("intake", kind, stream, 1, Vec::new()).await, "OUTCOME_REFUSED");
    assert_eq!(world.deliver("intake", "ehub.intake.event.v1.Novelty", stream, 1, Vec::new()).await, "OUTCOME_NOT_YET");
}

#[tokio::test]
async fn a_consultation_of_an_unknown_hub_waits_for_the_register() {
    let world = World::new().await;
    let mut event = accepted(ALDER, Urgency::Routine);
    event.hub_ods = "H9H99".into();
    let id = Uuid::parse_str(&event.consultation).expect("an id");
    let outcome =
        world.deliver("intake", "ehub.intake.event.v1.ConsultationAccepted", id, 1, event.encode_to_vec()).await;
    assert_eq!(outcome, "OUTCOME_NOT_YET");
}

#[tokio::test]
async fn an_entry_heard_of_before_its_consultation_waits_and_then_becomes_a_task() {
    let world = World::new().await;
    let event = accepted(ALDER, Urgency::Routine);
    let (id, entry) = (Uuid::parse_str(&event.consultation).expect("an id"), Uuid::from_u128(9));
    let rejected = moved(id, entry, EntryState::Rejected);
    assert_eq!(world.deliver("writeback", MOVED, id, 1, rejected.clone()).await, "OUTCOME_NOT_YET");
    world.accept(&event).await;
    assert_eq!(world.deliver("writeback", MOVED, id, 1, rejected.clone()).await, "OUTCOME_APPLIED");
    assert_eq!(world.deliver("writeback", MOVED, id, 1, rejected).await, "OUTCOME_DUPLICATE");
    let item = get(&world, id).await;
    assert_eq!(item.open_tasks, [format!("DELIVERY_FAILED entries/{entry}")]);
    assert_eq!(kinds(&world, id).await, ["ItemRouted", "TaskRaised"]);
    let settled = moved(id, entry, EntryState::Settled);
    assert_eq!(world.deliver("writeback", MOVED, id, 2, settled).await, "OUTCOME_APPLIED");
    assert!(get(&world, id).await.open_tasks.is_empty());
}

#[tokio::test]
async fn a_restricted_consultation_stays_with_the_practice() {
    let world = World::new().await;
    let mut event = accepted(ALDER, Urgency::Routine);
    event.restricted = true;
    let id = world.accept(&event).await;
    let item = get(&world, id).await;
    assert_eq!(
        (item.pool_ods.as_str(), item.routed_by.as_str()),
        (ALDER.1, "hub-first@1/restricted-stays-with-practice")
    );
    assert!(world.claim_next(&anna(), Uuid::now_v7()).await.is_ok_and(|claim| claim.is_none()));
}

#[tokio::test]
async fn an_item_without_a_holder_cannot_be_committed() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let mut conn = world.db.admin().await;
    let orphaned =
        sqlx::query("delete from allocation.open_item where consultation = $1").bind(id).execute(&mut conn).await;
    // Removing the place alone touches no item; moving an item without a place does, and fails.
    assert!(orphaned.is_ok());
    let moved = sqlx::query("update allocation.work_item set state = 'QUEUED' where consultation = $1")
        .bind(id)
        .execute(&mut conn)
        .await;
    assert!(moved.is_err());
    let second = world.arrive(ALDER).await;
    let twice = sqlx::query(
        "update allocation.work_item set state = 'CLAIMED', claimed_by = 'x', claimed_for = $2, claim_until = now() where consultation = $1",
    )
    .bind(second)
    .bind(HUB.0)
    .execute(&mut conn)
    .await;
    assert!(twice.is_err(), "in the queue and with a person");
}
