//! One intent, one effect.

use std::time::Duration;

use ehub_clock::Clock;
use ehub_postgres::{IdempotencyKey, Scope, StorageError, Tx, find, forget_older_than, record};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::{
    act::act,
    setup::{database, read, write},
};

fn key(subject: &str, request_id: u128) -> IdempotencyKey {
    IdempotencyKey {
        client: "front-end".to_owned(),
        subject: subject.to_owned(),
        method: "test.Service/Act",
        request_id: Uuid::from_u128(request_id),
    }
}

/// Answers what was answered before, or does the work and answers with what was drawn for it.
async fn once(tx: &mut Tx, key: &IdempotencyKey, fails: bool) -> Result<Vec<u8>, StorageError> {
    if let Some(recorded) = find(tx, key).await? {
        assert_eq!(recorded.digest, [7; 32]);
        return Ok(recorded.answer);
    }
    let drawn: [u8; 8] = tx.clock().random();
    // Between looking and acting there is time for the others.
    tokio::time::sleep(Duration::from_millis(5)).await;
    write(tx, Uuid::nil(), "effect").await?;
    record(tx, key, &[7; 32], &drawn);
    if fails { Err(StorageError::NotOneRow { what: "test", rows: 0 }) } else { Ok(drawn.to_vec()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_racers_on_one_key_make_one_effect_and_get_one_answer() {
    let db = database(Clock::system()).await;
    for round in 0..8 {
        let racers = (0..16).map(|_| {
            let db = db.run.clone();
            async move {
                let key = key("anna", round);
                let scope = key.in_turn(Scope::service());
                let work = act(|tx| {
                    let key = key.clone();
                    Box::pin(async move { once(tx, &key, false).await })
                });
                db.run(&scope, &work).await.expect("answered")
            }
        });
        let answers: Vec<Vec<u8>> =
            join_all(racers.map(tokio::spawn)).await.into_iter().map(|done| done.expect("joins")).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let effects = db.run.run(&Scope::service(), &act(|tx| Box::pin(read(tx)))).await.expect("reads");
    assert_eq!(effects.len(), 8);
}

#[tokio::test]
async fn what_failed_is_not_recorded_and_keys_are_by_caller() {
    let db = database(Clock::system()).await;
    for (subject, fails) in [("anna", true), ("anna", false), ("bert", false), ("anna", false)] {
        let key = key(subject, 1);
        let work = act(|tx| {
            let key = key.clone();
            Box::pin(async move { once(tx, &key, fails).await })
        });
        let done = db.run.run(&key.in_turn(Scope::service()), &work).await;
        assert_eq!(done.is_err(), fails);
    }
    let effects = db.run.run(&Scope::service(), &act(|tx| Box::pin(read(tx)))).await.expect("reads");
    assert_eq!(effects.len(), 2, "one for each caller");
}

#[tokio::test]
async fn only_old_records_are_forgotten() {
    let (clock, hand) = Clock::manual(time::macros::datetime!(2026-03-01 12:00 UTC));
    let db = database(clock).await;
    for request_id in [1, 2] {
        let key = key("anna", request_id);
        let work = act(|tx| {
            let key = key.clone();
            Box::pin(async move { once(tx, &key, false).await })
        });
        db.run.run(&Scope::service(), &work).await.expect("recorded");
        hand.advance(Duration::from_secs(60));
    }
    let before = hand.now() - Duration::from_secs(90);
    let forget = act(|tx| Box::pin(forget_older_than(tx, before)));
    assert_eq!(db.work.run(&Scope::work(), &forget).await.expect("forgets"), 1);
    assert_eq!(db.work.run(&Scope::work(), &forget).await.expect("forgets"), 0);
}
