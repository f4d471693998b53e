//! The story: for those who may audit the practice, and for nobody else.

use std::sync::Arc;

use ehub_auth::{Caller, GrantPresented};
use ehub_identifiers::OdsCode;
use ehub_proto::audit::v1::{GetTimelineRequest, GetTimelineResponse, audit_service_server::AuditService};
use ehub_test_support::{person, request};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::world::{OTHER, PRACTICE, World};

async fn story(world: &World, consultation: Uuid, caller: Arc<Caller>) -> Result<GetTimelineResponse, Status> {
    let message = GetTimelineRequest { consultation: format!("consultations/{consultation}") };
    let request = request(message, "/ehub.audit.v1.AuditService/GetTimeline", caller, GrantPresented::Absent);
    world.rpc().get_timeline(request).await.map(tonic::Response::into_inner)
}

async fn world() -> (World, Uuid, Uuid) {
    let world = World::new().await;
    world.access().await;
    let (ours, theirs) = (world.id(), world.id());
    let list = world.read(&[ours, theirs]);
    let accepted =
        vec![world.accepted(ours, (PRACTICE, "A81001"), None), world.accepted(theirs, (OTHER, "B82002"), None), list];
    world.deliver("intake", accepted).await;
    world.deliver("allocation", vec![world.routed(ours), world.claimed(ours)]).await;
    world.append().await;
    (world, ours, theirs)
}

#[tokio::test]
async fn other_practices_and_unknown_consultations_look_alike() {
    let (world, _, theirs) = world().await;
    let foreign = story(&world, theirs, person("H8H01", "anna")).await.err().expect("hidden");
    let unknown = story(&world, world.id(), person("H8H01", "anna")).await.err().expect("hidden");
    assert_eq!((foreign.code(), foreign.message()), (unknown.code(), unknown.message()));
    assert_eq!(foreign.code(), Code::NotFound);
    assert_eq!(foreign.details(), unknown.details());
}

#[tokio::test]
async fn other_people_and_narrower_tokens_see_nothing() {
    let (world, ours, _) = world().await;
    let bert = story(&world, ours, person("H8H01", "bert")).await;
    assert_eq!(bert.err().map(|status| status.code()), Some(Code::NotFound));
    let mut narrow = (*person("H8H01", "anna")).clone();
    narrow.practices = Some(vec![OdsCode::parse("B82002").expect("a code")]);
    let narrow = story(&world, ours, Arc::new(narrow)).await;
    assert_eq!(narrow.err().map(|status| status.code()), Some(Code::NotFound));
}

#[tokio::test]
async fn access_that_may_be_out_of_date_is_refused() {
    let (world, ours, _) = world().await;
    world.hand.advance(std::time::Duration::from_secs(16 * 60));
    let stale = story(&world, ours, person("H8H01", "anna")).await;
    assert_eq!(stale.err().map(|status| status.code()), Some(Code::Unavailable));
}

#[tokio::test]
async fn the_story_is_told_in_order_and_the_telling_is_recorded() {
    let (world, ours, _) = world().await;
    let told =
        story(&world, ours, person("H8H01", "anna")).await.map_err(|status| status.to_string()).expect("a story");
    let mut actions: Vec<_> =
        told.events.iter().map(|event| event.action.rsplit(['.', '/']).next().unwrap_or_default()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["ConsultationAccepted", "GetConsultation", "ItemClaimed", "ItemRouted"]);
    assert!(told.events.is_sorted_by_key(|event| event.time.as_ref().map(|at| (at.seconds, at.nanos))));
    assert!(told.events.iter().all(|event| event.leaf_index >= 0));
    let read = told.events.iter().find(|event| event.actor_name == "Dr Anna").expect("the read");
    assert_eq!((read.actor.as_str(), read.organisation_ods.as_str()), ("anna", "H8H01"));
    assert!(told.lifecycle_trace_ids.is_empty());
    assert_eq!(
        world.count("select count(*) from ehub.outbox where kind = 'ehub.audit.event.v1.AccessRecorded'").await,
        1
    );
}

#[tokio::test]
async fn row_security_alone_hides_other_practices() {
    let (world, ..) = world().await;
    let mut conn = world.db.admin().await;
    sqlx::raw_sql("set role ehub_audit_run").execute(&mut conn).await.expect("runs");
    sqlx::query(
        "select set_config('app.kind', 'person', false), set_config('app.person', 'anna', false), \
                set_config('app.org', $1, false), set_config('app.now', '2026-03-02T09:00:11Z', false)",
    )
    .bind(crate::world::HUB.to_string())
    .execute(&mut conn)
    .await
    .expect("runs");
    let count = async |conn: &mut sqlx::PgConnection, question: &'static str| -> i64 {
        sqlx::query_scalar(question).fetch_one(conn).await.expect("a number")
    };
    assert_eq!(count(&mut conn, "select count(*) from audit.consultation").await, 1);
    // Ours: accepted, routed, claimed, and the list that names both.
    assert_eq!(count(&mut conn, "select count(*) from audit.event").await, 4);
    for hidden in [
        "select count(*) from audit.root",
        "select count(*) from audit.deliverable",
        "select count(*) from audit.quarantine",
    ] {
        assert_eq!(count(&mut conn, hidden).await, 0, "{hidden}");
    }
}
