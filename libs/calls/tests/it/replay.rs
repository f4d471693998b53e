//! One intent, one effect, one answer.

use std::sync::Arc;

use ehub_auth::Kind;
use ehub_faults::Code;
use ehub_proto::internal::v1::Verdict;
use ehub_test_support::{caller, person};
use tonic::Response;

use crate::world::{How, METHOD, World, reason};

fn replayed(response: &Response<Verdict>) -> bool {
    response.metadata().get("ehub-replayed").is_some_and(|value| value == "true")
}

#[tokio::test]
async fn a_repeated_call_gets_the_same_answer_and_says_so() {
    let world = World::new().await;
    let first = world.mutate(1, 7, How::Well).await.expect("answers");
    // Whatever the operation would say now: it is not asked.
    let again = world.mutate(1, 7, How::Refuses).await.expect("answers");
    assert!(!replayed(&first) && replayed(&again));
    assert!(first.get_ref() == again.get_ref());
    assert_eq!(world.effects().await, 1);
    assert_eq!(world.outcomes().await, ["OK", "REPLAYED"]);
}

#[tokio::test]
async fn a_request_id_is_good_for_one_content() {
    let world = World::new().await;
    world.mutate(1, 7, How::Well).await.expect("answers");
    let status = world.mutate(1, 8, How::Well).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    assert_eq!(world.effects().await, 1);
    assert_eq!(world.outcomes().await, ["OK", "REQUEST_ID_REUSED"]);
}

#[tokio::test]
async fn a_request_id_belongs_to_its_caller_client_and_method() {
    let world = World::new().await;
    let other_client =
        Arc::new(ehub_auth::Caller { client: "other".to_owned(), ..caller(Kind::Person, "H8H01", "anna") });
    for (who, method) in [
        (person("H8H01", "anna"), METHOD),
        (person("H8H01", "bert"), METHOD),
        (other_client, METHOD),
        (person("H8H01", "anna"), "ehub.internal.v1.ClaimGuard/Fence"),
    ] {
        let answer = world.mutate_as(who, method, 1, 7, How::Well).await.expect("answers");
        assert!(!replayed(&answer));
    }
    assert_eq!(world.effects().await, 4);
}

#[tokio::test]
async fn a_refusal_is_not_recorded_as_an_answer() {
    let world = World::new().await;
    world.mutate(1, 7, How::Refuses).await.err().expect("refused");
    let answer = world.mutate(1, 7, How::Well).await.expect("answers now");
    assert!(!replayed(&answer));
    assert_eq!(world.effects().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_racers_make_one_effect_and_get_one_answer() {
    let world = Arc::new(World::new().await);
    let racers: Vec<_> = (0..16)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.mutate(1, 7, How::Well).await.expect("answers") })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.expect("joins"));
    }
    assert!(answers.iter().all(|answer| answer.get_ref() == answers[0].get_ref()));
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
    assert_eq!(world.effects().await, 1);
    assert_eq!(world.audited().await.len(), 16);
}

/// L9, L10: what the caller does not see still happens, and is there when it asks again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_goes_away_stops_nothing() {
    let world = Arc::new(World::new().await);
    let task = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.mutate(1, 7, How::Slowly).await.map(|_| ()) }
    });
    world.begun.notified().await;
    task.abort();
    assert!(task.await.expect_err("dropped").is_cancelled());
    world.until_outcomes(&["OK"]).await;
    let again = world.mutate(1, 7, How::Well).await.expect("answers");
    assert!(replayed(&again));
    assert_eq!(world.effects().await, 1);
    world.calls.tasks().close();
    world.calls.tasks().wait().await;
}

#[tokio::test]
async fn a_call_meets_a_database_that_is_away() {
    let world = World::new().await;
    world.db.run.close().await;
    let status = world.mutate(1, 7, How::Well).await.err().expect("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "DATABASE_UNAVAILABLE"));
    assert_eq!(world.effects().await, 0);
}
