//! IssuePrescription: once, whatever EPS does.

use std::time::Duration;

use ehub_proto::prescribing::v1::PrescriptionState;

use crate::{
    eps::Manner,
    world::{World, reason, to_issue},
};

#[tokio::test]
async fn what_is_not_signed_is_not_issued() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    assert_eq!(reason(world.issue(to_issue(&raised.name, &raised.etag)).await), "WRONG_STATE");
    assert!(world.eps.came().is_empty());
}

#[tokio::test]
async fn a_refusal_is_told_and_stays_open_until_withdrawn() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    world.eps.next(Manner::Refuses("INVALID_CHECK_DIGIT"));
    let answer = world.issue(to_issue(&name, &etag)).await.expect("answered").into_inner();
    assert!(answer.state() == PrescriptionState::Refused);
    let told = world.told().await;
    assert_eq!(told.last().map(|event| event.reason.as_str()), Some("INVALID_CHECK_DIGIT"));
    world.void("anna", &name, &answer.etag).await.expect("withdrawn");
}

#[tokio::test]
async fn a_duplicate_at_the_first_send_is_no_issue() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    world.eps.next(Manner::Refuses("DUPLICATE_PRESCRIPTION_ID"));
    let answer = world.issue(to_issue(&name, &etag)).await.expect("answered").into_inner();
    assert!(answer.state() == PrescriptionState::Refused);
}

#[tokio::test]
async fn an_issue_is_told_once_with_its_items_and_replayed_as_it_stands() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    let what = to_issue(&name, &etag);
    let first = world.issue(what.clone()).await.expect("answered").into_inner();
    assert!(first.state() == PrescriptionState::Issued && first.issue_time.is_some());
    let again = world.issue(what).await.expect("replayed");
    assert!(again.metadata().contains_key("ehub-replayed"));
    assert!(again.into_inner().state() == PrescriptionState::Issued);
    assert_eq!(reason(world.issue(to_issue(&name, &first.etag)).await), "WRONG_STATE");
    assert_eq!(world.eps.came().len(), 1);
    let told: Vec<_> = world.told().await;
    let states: Vec<&str> =
        told.iter().map(|event| event.state().as_str_name().trim_start_matches("PRESCRIPTION_STATE_")).collect();
    assert_eq!(states, ["RAISED", "PREPARED", "SIGNED", "SENDING", "ISSUED"]);
    assert_eq!(told.iter().map(|event| event.items.len()).collect::<Vec<_>>(), [0, 0, 0, 0, 1]);
    assert_eq!(world.audited("IssuePrescription").await, ["OK", "REPLAYED", "WRONG_STATE"]);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_with_identical_bytes_until_it_comes() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    world.eps.next(Manner::TakesItAndTimesOut);
    world.eps.next(Manner::TimesOut);
    let what = to_issue(&name, &etag);
    let answer = world.issue(what.clone()).await.expect("answered").into_inner();
    assert!(answer.state() == PrescriptionState::Sending, "nobody knows, and that is said");
    assert_eq!(reason(world.void("anna", &name, &answer.etag).await), "WRONG_STATE");
    world.parts.issue.send_due().await;
    assert_eq!(world.eps.came().len(), 1, "not before its time");
    // The first wait is 5 s, the second 10 s.
    for _ in 0..2 {
        world.hand.advance(Duration::from_secs(11));
        world.parts.issue.send_due().await;
    }
    let answer = world.issue(what).await.expect("replayed").into_inner();
    assert!(answer.state() == PrescriptionState::Issued, "EPS held it already: that is an acceptance");
    let came = world.eps.came();
    assert_eq!(came.len(), 3);
    assert!(came.iter().all(|one| *one == came[0]), "identical bytes under one request id");
    assert_eq!(world.eps.accepted().len(), 1);
    let issued = world.told().await.iter().filter(|event| event.state() == PrescriptionState::Issued).count();
    assert_eq!(issued, 1);
}

#[tokio::test]
async fn who_sends_beside_another_issues_nothing_twice() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    world.eps.next(Manner::TimesOut);
    world.issue(to_issue(&name, &etag)).await.expect("answered");
    world.hand.advance(Duration::from_secs(60));
    tokio::join!(world.parts.issue.send_due(), world.parts.issue.send_due(), world.parts.issue.send_due());
    assert_eq!(world.eps.came().len(), 2, "one worker takes it, the others see that");
    assert_eq!(world.eps.accepted().len(), 1);
}

#[tokio::test]
async fn what_is_not_signed_in_time_is_marked_once() {
    let world = World::new().await;
    world.raise(&world.to_raise()).await.expect("raised");
    let marked = async || -> i64 {
        world.parts.housekeeping.once().await.expect("looked");
        let mut conn = world.db.admin().await;
        sqlx::query_scalar("select count(*) from prescribing.prescription where overdue_at is not null")
            .fetch_one(&mut conn)
            .await
            .expect("a count")
    };
    assert_eq!(marked().await, 0);
    world.hand.advance(Duration::from_secs(1801));
    assert_eq!(marked().await, 1);
}

#[tokio::test]
async fn a_medicine_issued_between_raising_and_issuing_must_be_overridden() {
    let world = World::new().await;
    let (first, first_etag) = world.signed().await;
    let (second, second_etag) = world.signed().await;
    world.issue(to_issue(&first, &first_etag)).await.expect("issued");
    assert_eq!(reason(world.issue(to_issue(&second, &second_etag)).await), "RECENTLY_ISSUED");
    assert_eq!(world.eps.came().len(), 1, "nothing was sent");
    let mut seen = to_issue(&second, &second_etag);
    seen.override_recent_issue = "the first was lost on the way home".to_owned();
    let answer = world.issue(seen).await.expect("issued").into_inner();
    assert!(answer.state() == PrescriptionState::Issued);
    assert_eq!(world.audited("IssuePrescription").await, ["OK", "RECENTLY_ISSUED", "OK"]);
}

#[tokio::test]
async fn what_was_overridden_when_raised_covers_what_had_been_issued_by_then() {
    let world = World::new().await;
    let (first, etag) = world.signed().await;
    world.issue(to_issue(&first, &etag)).await.expect("issued");
    world.hand.advance(Duration::from_secs(1));
    let mut overridden = world.to_raise();
    overridden.override_recent_issue = "lost on the way home".to_owned();
    let (second, second_etag) = world.sign_raised(&overridden).await;
    let (third, third_etag) = world
        .sign_raised(&{
            let mut again = world.to_raise();
            again.override_recent_issue = "lost again".to_owned();
            again
        })
        .await;
    world.hand.advance(Duration::from_secs(1));
    world.issue(to_issue(&second, &second_etag)).await.expect("what was looked at when it was raised");
    assert_eq!(
        reason(world.issue(to_issue(&third, &third_etag)).await),
        "RECENTLY_ISSUED",
        "nobody looked at this one"
    );
}

#[tokio::test]
async fn of_two_that_are_issued_at_once_one_is_told_of_the_other() {
    let world = World::new().await;
    let (first, first_etag) = world.signed().await;
    let (second, second_etag) = world.signed().await;
    let (one, other) =
        tokio::join!(world.issue(to_issue(&first, &first_etag)), world.issue(to_issue(&second, &second_etag)));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1, "exactly one goes out");
    assert_eq!(world.eps.came().len(), 1);
}
