//! The order in which items are given out.

use std::time::Duration;

use ehub_proto::intake::v1::Urgency;
use uuid::Uuid;

use crate::world::{ALDER, BIRCH, NOW, World, accepted, at};

async fn drawn(world: &World) -> Uuid {
    let (claim, _) = world.claim().await;
    claim.item.expect("an item").consultation.trim_start_matches("consultations/").parse().expect("an id")
}

#[tokio::test]
async fn emergencies_then_what_is_due_then_fair_share() {
    let world = World::new().await;
    let mut rush = Vec::new();
    for _ in 0..3 {
        rush.push(world.arrive(ALDER).await);
    }
    let mut later = accepted(BIRCH, Urgency::Routine);
    later.respond_by = Some(at(NOW + Duration::from_secs(8 * 3600 + 30)));
    let other = world.accept(&later).await;
    let mut soon = accepted(ALDER, Urgency::Routine);
    soon.respond_by = Some(at(NOW + Duration::from_secs(20 * 60)));
    let soon = world.accept(&soon).await;
    let emergency = world.accept(&accepted(ALDER, Urgency::Emergency)).await;
    let mut order = Vec::new();
    for _ in 0..6 {
        order.push(drawn(&world).await);
    }
    // Birch's one comes before Alder's second although it is due half a minute later.
    assert_eq!(order, [emergency, soon, rush[0], other, rush[1], rush[2]]);
}

#[tokio::test]
async fn an_item_is_preferred_once_its_warn_window_opens() {
    let world = World::new().await;
    let mut far = accepted(ALDER, Urgency::Routine);
    far.respond_by = Some(at(NOW + Duration::from_secs(3600)));
    let mut near = accepted(BIRCH, Urgency::Routine);
    near.respond_by = Some(at(NOW + Duration::from_secs(3590)));
    for _ in 0..2 {
        // Two ahead of the near one give it a later place in the last band.
        world.arrive(BIRCH).await;
    }
    let far = world.accept(&far).await;
    let near = world.accept(&near).await;
    world.advance(Duration::from_secs(1795)).await;
    world.worker().step().await;
    assert_eq!(drawn(&world).await, near);
    assert_eq!(drawn(&world).await, far);
}
