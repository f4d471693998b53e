//! What follows from rosters and agreements, computed in the transaction that changed them.

use std::time::Duration;

use ehub_proto::{
    allocation::{event::v1::AccessPublished, v1::OrganisationKind},
    intake::{event::v1::ConsultationAccepted, v1::Urgency},
};
use ehub_test_support::person;
use prost::Message;
use sqlx::Connection;
use time::macros::datetime;
use uuid::Uuid;

use crate::{
    register::{agree, agree_until, put, roster},
    world::{ALDER, World, accepted},
};

async fn reach(world: &World, org: Uuid) -> Vec<(String, String, String)> {
    let mut conn = world.db.admin().await;
    let rows = sqlx::query_as(
        "select a.person, o.ods, a.capability from ehub.access a join ehub.organisation o on o.org = a.practice \
          where a.org = $1 order by 1, 2, 3",
    )
    .bind(org)
    .fetch_all(&mut conn)
    .await
    .expect("access");
    conn.close().await.expect("closes");
    rows
}

fn rows(given: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    given
        .iter()
        .map(|(person, practice, capability)| ((*person).into(), (*practice).into(), (*capability).into()))
        .collect()
}

fn id(name: &str) -> Uuid {
    name.trim_start_matches("organisations/").parse().expect("an id")
}

#[tokio::test]
async fn access_is_agreements_crossed_with_the_roster_and_published_with_a_version() {
    let world = World::new().await;
    let hub = put(&world, "", "H7H07", OrganisationKind::Hub, "2026-01-01").await.ok().expect("a hub");
    let hub = id(&hub.name);
    assert_eq!(roster(&world, "greta", "H7H07", &[]).await.ok(), Some(2));
    assert!(reach(&world, hub).await.is_empty(), "no agreement, no access");
    assert_eq!(agree(&world, "H7H07", "A81001", &["work", "file"]).await.ok(), Some(3));
    agree(&world, "H7H07", "B82002", &["work"]).await.ok().expect("agreed");
    roster(&world, "hans", "H7H07", &["B82002"]).await.ok().expect("on the roster");
    let expected = rows(&[
        ("", "A81001", "file"),
        ("", "A81001", "work"),
        ("", "B82002", "work"),
        ("greta", "A81001", "file"),
        ("greta", "A81001", "work"),
        ("greta", "B82002", "work"),
        ("hans", "B82002", "work"),
    ]);
    assert_eq!(reach(&world, hub).await, expected);
    // An agreement replaced takes away what it no longer says.
    agree(&world, "H7H07", "A81001", &["file"]).await.ok().expect("agreed");
    assert_eq!(reach(&world, hub).await.len(), 5);
    let mut conn = world.db.admin().await;
    let bodies: Vec<Vec<u8>> = sqlx::query_scalar(
        "select body from ehub.outbox where stream = $1 and kind like '%AccessPublished' order by version",
    )
    .bind(hub)
    .fetch_all(&mut conn)
    .await
    .expect("the outbox");
    let versions: Vec<i64> =
        bodies.iter().map(|body| AccessPublished::decode(body.as_slice()).expect("an event").access_version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_practices_own_people_work_on_its_own_patients() {
    let world = World::new().await;
    let practice = put(&world, "", "Z99999", OrganisationKind::Practice, "2026-01-01").await.ok().expect("a practice");
    roster(&world, "paula", "Z99999", &[]).await.ok().expect("on the roster");
    let expected = rows(&[("paula", "Z99999", "audit"), ("paula", "Z99999", "read"), ("paula", "Z99999", "work")]);
    assert_eq!(reach(&world, id(&practice.name)).await, expected);
}

#[tokio::test]
async fn the_last_day_of_an_agreement_ends_at_midnight_in_london() {
    let world = World::new().await;
    put(&world, "", "H7H07", OrganisationKind::Hub, "2026-01-01").await.ok().expect("a hub");
    roster(&world, "greta", "H7H07", &[]).await.ok().expect("on the roster");
    agree_until(&world, "H7H07", "A81001", "2027-07-02").await.ok().expect("agreed");
    for _ in 0..2 {
        world.accept(&ConsultationAccepted { hub_ods: "H7H07".into(), ..accepted(ALDER, Urgency::Routine) }).await;
    }
    let greta = person("H7H07", "greta");
    world.clock.set(datetime!(2027-07-01 22:59 UTC));
    world.advance(Duration::ZERO).await;
    assert!(world.claim_next(&greta, Uuid::now_v7()).await.ok().expect("answered").is_some(), "the last minute counts");
    // Still 1 July in UTC.
    world.clock.set(datetime!(2027-07-01 23:00 UTC));
    world.advance(Duration::ZERO).await;
    assert!(world.claim_next(&greta, Uuid::now_v7()).await.ok().expect("answered").is_none(), "2 July has begun");
}
