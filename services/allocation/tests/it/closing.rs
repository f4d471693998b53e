//! Completing: asked, sealed, closed once.

use std::sync::atomic::Ordering;

use ehub_allocation::domain::closing::{ManifestEntry, OpenAction};
use ehub_auth::GrantPresented;
use ehub_proto::{
    allocation::{
        event::v1::ConsultationCompleted,
        v1::{
            CompleteRequest, Outcome, OutcomeKind, RecordSeen, SafeDisposition, Told,
            allocation_service_server::AllocationService,
        },
    },
    intake::v1::Urgency,
};
use prost::Message;
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::world::{ALDER, NOW, World, accepted, anna, at, call, kinds, reason, replayed};

fn complete(consultation: Uuid) -> CompleteRequest {
    CompleteRequest {
        request_id: Uuid::now_v7().to_string(),
        consultation: format!("consultations/{consultation}"),
        outcome: Some(Outcome { kind: OutcomeKind::AdviceGiven.into(), note: "rest".into() }),
        told: Some(Told { time: Some(at(NOW)), channel: "PHONE".into() }),
        record_seen: Some(RecordSeen {
            source: "GP_CONNECT".into(),
            time: Some(at(NOW)),
            not_seen_reason: String::new(),
        }),
        safe_disposition: None,
    }
}

fn entry() -> ManifestEntry {
    ManifestEntry { name: format!("entries/{}", Uuid::from_u128(5)), version: 2 }
}

#[tokio::test]
async fn what_is_missing_is_named_at_once() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (_, grant) = world.claim().await;
    let message =
        CompleteRequest { outcome: None, told: None, record_seen: None, request_id: String::new(), ..complete(id) };
    let status = world.rpc.complete(call("Complete", message, &anna(), grant)).await.err().expect("refused");
    assert_eq!(status.get_error_details().bad_request().expect("fields").field_violations.len(), 3);
}

#[tokio::test]
async fn nothing_closes_without_a_grant_or_blind() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (_, grant) = world.claim().await;
    let refused = world.rpc.complete(call("Complete", complete(id), &anna(), GrantPresented::Absent)).await;
    assert_eq!(reason(refused), "GRANT_REQUIRED");
    world.guard.away.store(true, Ordering::SeqCst);
    let blind = world.rpc.complete(call("Complete", complete(id), &anna(), grant)).await.err().expect("refused");
    assert_eq!(blind.code(), tonic::Code::Unavailable);
    let details = blind.get_error_details();
    let info = details.error_info().expect("a reason");
    assert_eq!((info.reason.as_str(), info.metadata["service"].as_str()), ("GUARD_UNREACHABLE", "writeback"));
}

#[tokio::test]
async fn open_actions_are_listed_with_a_grant_of_the_next_epoch() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (claim, grant) = world.claim().await;
    let open = OpenAction { subject: format!("consultations/{id}"), kind: "ENTRY_MISSING".into() };
    world.guard.open.lock().expect("lock").push(open);
    let status =
        world.rpc.complete(call("Complete", complete(id), &anna(), grant.clone())).await.err().expect("refused");
    let details = status.get_error_details();
    let info = details.error_info().expect("a reason");
    assert_eq!(info.reason, "OPEN_ACTIONS");
    assert_eq!(info.metadata["grant"].split('.').count(), 3);
    assert_eq!(details.precondition_failure().expect("what is open").violations[0].description, "ENTRY_MISSING");
    // The old grant is over; one of the next epoch closes.
    world.guard.open.lock().expect("lock").clear();
    let old = world.rpc.complete(call("Complete", complete(id), &anna(), grant.clone())).await;
    assert_eq!(reason(old), "CLAIM_SUPERSEDED");
    let GrantPresented::Valid(mut next) = grant else { panic!("a grant") };
    next.epoch = claim.epoch + 1;
    let closed = world.rpc.complete(call("Complete", complete(id), &anna(), GrantPresented::Valid(next))).await;
    assert!(closed.is_ok());
}

#[tokio::test]
async fn an_emergency_is_closed_only_when_it_is_safe_and_that_settles_its_alert() {
    let world = World::new().await;
    let id = world.accept(&accepted(ALDER, Urgency::Emergency)).await;
    let (_, grant) = world.claim().await;
    let refused = world.rpc.complete(call("Complete", complete(id), &anna(), grant.clone())).await;
    assert_eq!(reason(refused), "EMERGENCY_NOT_SETTLED");
    let safe = SafeDisposition { kind: "SPOKE_TO_PATIENT".into(), time: Some(at(NOW)) };
    let message = CompleteRequest { safe_disposition: Some(safe), ..complete(id) };
    assert!(world.rpc.complete(call("Complete", message, &anna(), grant)).await.is_ok());
    assert_eq!(
        kinds(&world, id).await,
        ["ItemRouted", "AlertRaised", "ItemClaimed", "AlertAcknowledged", "ConsultationCompleted"]
    );
}

#[tokio::test]
async fn closing_seals_every_guard_and_is_answered_once() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (claim, grant) = world.claim().await;
    world.guard.items.lock().expect("lock").push(entry());
    let message = complete(id);
    let first =
        world.rpc.complete(call("Complete", message.clone(), &anna(), grant.clone())).await.ok().expect("closed");
    assert_eq!(first.get_ref().manifest, [entry().name]);
    let again = world.rpc.complete(call("Complete", message, &anna(), grant.clone())).await.ok().expect("replayed");
    assert!(replayed(&again));
    assert_eq!(again.get_ref().manifest, [entry().name]);
    let sealed = world.guard.sealed.lock().expect("lock").clone();
    assert_eq!(
        sealed.iter().map(|(_, epoch, clinical)| (*epoch, *clinical)).collect::<Vec<_>>(),
        [(claim.epoch, true)]
    );
    let other = world.rpc.complete(call("Complete", complete(id), &anna(), grant)).await;
    assert_eq!(reason(other), "CLAIM_SUPERSEDED");
    let mut conn = world.db.admin().await;
    let body: Vec<u8> =
        sqlx::query_scalar("select body from ehub.outbox where stream = $1 and kind like '%ConsultationCompleted'")
            .bind(id)
            .fetch_one(&mut conn)
            .await
            .expect("one event");
    let event = ConsultationCompleted::decode(body.as_slice()).expect("an event");
    assert!(event.clinical && event.in_time && event.subject == "anna" && event.epoch == claim.epoch);
    assert_eq!((event.manifest[0].name.as_str(), event.manifest[0].version), (entry().name.as_str(), 2));
    let open_legs: i64 =
        sqlx::query_scalar("select count(*) from allocation.leg where consultation = $1 and until is null")
            .bind(id)
            .fetch_one(&mut conn)
            .await
            .expect("a count");
    assert_eq!(open_legs, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_completion_sixteen_times_at_once_closes_once_and_refuses_nobody() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let (_, grant) = world.claim().await;
    world.guard.items.lock().expect("lock").push(entry());
    let message = complete(id);
    let closing = (0..16).map(|_| {
        let (rpc, message, grant) = (world.rpc.clone(), message.clone(), grant.clone());
        tokio::spawn(async move { rpc.complete(call("Complete", message, &anna(), grant)).await })
    });
    let mut fresh = 0;
    for one in closing.collect::<Vec<_>>() {
        match one.await.expect("joins") {
            Ok(answer) => {
                assert_eq!(answer.get_ref().manifest, [entry().name]);
                fresh += usize::from(!replayed(&answer));
            }
            // Who waited too long for the winner asks again; nobody is told that the claim is over.
            Err(status) => assert_eq!(status.code(), tonic::Code::Unavailable),
        }
    }
    assert_eq!(fresh, 1);
}
