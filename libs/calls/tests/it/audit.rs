//! Every call leaves one audit event, written before the answer.

use std::time::Duration;

use ehub_auth::{NotAllowed, RefusalSink as _, Refused, Rules};
use ehub_calls::Refusals;
use ehub_faults::{Code, Fault};
use ehub_test_support::{client, person};
use time::macros::datetime;
use uuid::Uuid;

use crate::world::{How, METHOD, World, call_of, reason, rendered};

#[tokio::test]
async fn a_success_is_one_event_that_says_who_what_and_for_whom() {
    let world = World::new().await;
    world.mutate(1, 7, How::Well).await.expect("answers");
    let call = call_of(client("SUP01", "supplier", &["A81001"]), METHOD, 7);
    world.calls.read(call, world.put(How::Well), rendered).await.expect("answers");
    let events = world.audited().await;
    let [mutation, read] = events.as_slice() else { panic!("{} events", events.len()) };
    assert_eq!((mutation.actor.as_str(), mutation.organisation_ods.as_str()), ("anna", "H8H01"));
    assert_eq!((mutation.action.as_str(), mutation.outcome.as_str()), (METHOD, "OK"));
    assert_eq!(mutation.on_behalf_of_ods, "A81001");
    assert_eq!(mutation.request_id, Uuid::from_u128(1).to_string());
    assert_eq!(mutation.consultations, [Uuid::from_u128(42).to_string()]);
    assert_eq!((read.actor.as_str(), read.client.as_str(), read.outcome.as_str()), ("supplier", "supplier", "OK"));
}

#[tokio::test]
async fn a_refusal_undoes_its_work_and_is_one_event() {
    let world = World::new().await;
    let status = world.mutate(1, 7, How::Refuses).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "AS_ASKED"));
    let fault = Fault::permission_denied("GRANT_REQUIRED", "no grant");
    let status = world.calls.refuse(call_of(person("H8H01", "anna"), METHOD, 7), fault).await;
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(world.outcomes().await, ["AS_ASKED", "GRANT_REQUIRED"]);
    assert_eq!(world.effects().await, 0);
}

#[tokio::test]
async fn the_refusal_of_a_mutation_tells_of_its_request() {
    let world = World::new().await;
    let fault = Fault::permission_denied("GRANT_REQUIRED", "no grant");
    let request_id = uuid::Uuid::from_u128(9);
    world.calls.refuse_mutation(call_of(person("H8H01", "anna"), METHOD, 7), request_id, fault).await;
    assert_eq!(world.audited().await[0].request_id, request_id.to_string());
}

#[tokio::test]
async fn without_its_event_neither_a_mutation_nor_a_read_answers() {
    let world = World::new().await;
    world.audit_can_be_written(false).await;
    world.mutate(1, 7, How::Well).await.err().expect("fails");
    let read = call_of(person("H8H01", "anna"), METHOD, 7);
    world.calls.read(read, world.put(How::Well), rendered).await.err().expect("fails");
    let unheard = call_of(person("H8H01", "anna"), METHOD, 7);
    let status = world.calls.refuse(unheard, Fault::permission_denied("GRANT_REQUIRED", "no grant")).await;
    assert_ne!(status.code(), Code::PermissionDenied, "what cannot be recorded is not told");
    assert_eq!(world.effects().await, 0);
    assert_eq!(world.outcomes().await, Vec::<String>::new());
    world.audit_can_be_written(true).await;
    world.mutate(1, 7, How::Well).await.expect("answers, for nothing was recorded");
    assert_eq!(world.effects().await, 1);
}

#[tokio::test]
async fn a_call_that_panics_is_internal_and_audited() {
    let world = World::new().await;
    let status = world.mutate(1, 7, How::Panics).await.err().expect("fails");
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
    assert_eq!(world.outcomes().await, ["INTERNAL"]);
    assert_eq!(world.effects().await, 0);
    world.mutate(1, 7, How::Well).await.expect("the next one answers");
}

#[tokio::test]
async fn a_call_that_is_too_late_is_audited_all_the_same() {
    let world = World::new().await;
    let mut call = call_of(person("H8H01", "anna"), METHOD, 7);
    call.deadline = Some(world.db.run.clock().monotonic() + Duration::from_millis(100));
    let status =
        world.calls.mutate(call, Uuid::from_u128(1), world.put(How::Slowly), rendered).await.err().expect("late");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(world.outcomes().await, ["DEADLINE_EXCEEDED"]);
    assert_eq!(world.effects().await, 0);
    let mut over = call_of(person("H8H01", "anna"), METHOD, 7);
    over.deadline = Some(world.db.run.clock().monotonic());
    world.calls.refuse(over, Fault::permission_denied("GRANT_REQUIRED", "no grant")).await;
    assert_eq!(world.outcomes().await, ["DEADLINE_EXCEEDED", "GRANT_REQUIRED"]);
}

#[tokio::test]
async fn refusals_of_the_layer_are_written_before_they_are_answered() {
    let world = World::new().await;
    let refusals = Refusals::new(world.calls.clone());
    let rules = Rules::from_descriptor(ehub_proto::DESCRIPTOR_SET).expect("rules");
    let rule = rules.get(&format!("/{METHOD}")).expect("known").clone();
    for subject in ["anna", "bert", "carl"] {
        let (caller, rule) = (person("H8H01", subject), rule.clone());
        let refused = Refused { caller, rule, reason: NotAllowed::Scope, at: datetime!(2026-03-01 08:00 UTC) };
        let recording = refusals.refused(refused);
        if subject == "carl" {
            // A caller who goes away does not undo it; a service that ends waits for it.
            drop(recording);
        } else {
            recording.await.expect("recorded");
            assert_eq!(world.audited().await.last().expect("there before the answer").actor, subject);
        }
    }
    world.calls.tasks().close();
    world.calls.tasks().wait().await;
    let mut actors: Vec<String> = world.audited().await.into_iter().map(|event| event.actor).collect();
    actors.sort();
    assert_eq!(actors, ["anna", "bert", "carl"]);
    let event = &world.audited().await[0];
    assert_eq!((event.action.as_str(), event.outcome.as_str()), (METHOD, NotAllowed::Scope.reason()));
    let time = event.time.as_ref().expect("given").seconds;
    assert_eq!(time, datetime!(2026-03-01 08:00 UTC).unix_timestamp(), "when it was refused, not when it was written");
}
