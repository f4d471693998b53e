//! What is written with the commit: versions without gaps, in the order things were raised, and what goes with them.

use ehub_clock::Clock;
use ehub_postgres::{Draft, IdempotencyKey, Scope, StorageError, find, heard, last_heard, record};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::{act::act, setup::database};

const ONE: Uuid = Uuid::from_u128(0x10);
const TWO: Uuid = Uuid::from_u128(0x2f);

fn event(stream: Option<Uuid>, body: u8) -> Draft {
    Draft { stream, kind: "t.Happened", body: vec![body], consultation: stream }
}

/// Body, stream, version, shard group, whether it is a stream of its own, consultation.
type Written = (Vec<u8>, Uuid, i64, i16, bool, Option<Uuid>);

#[tokio::test]
async fn events_get_the_next_versions_of_their_streams_in_the_order_they_were_raised() {
    let db = database(Clock::system()).await;
    for _ in 0..2 {
        let work = act(|tx| {
            for (stream, body) in [(Some(TWO), 1), (Some(ONE), 2), (None, 3), (Some(TWO), 4), (None, 5), (Some(TWO), 6)]
            {
                tx.raise(event(stream, body));
            }
            Box::pin(async { Ok::<(), StorageError>(()) })
        });
        db.run.run(&Scope::service(), &work).await.expect("raised");
    }
    let mut admin = db.admin().await;
    let written: Vec<Written> = sqlx::query_as(
        "select body, stream, version, shard_group, stream = event, consultation from ehub.outbox order by id",
    )
    .fetch_all(&mut admin)
    .await
    .expect("reads");
    let bodies: Vec<u8> = written.iter().map(|row| row.0[0]).collect();
    assert_eq!(bodies, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
    let versions = |stream: Uuid| written.iter().filter(|row| row.1 == stream).map(|row| row.2).collect::<Vec<_>>();
    assert_eq!(versions(ONE), [1, 2]);
    assert_eq!(versions(TWO), [1, 2, 3, 4, 5, 6]);
    for (_, stream, version, group, alone, consultation) in &written {
        assert_eq!(i16::from(stream.as_bytes()[15] >> 4), *group);
        assert_eq!(*alone, consultation.is_none());
        assert!(!alone || *version == 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_of_one_stream_leave_no_gap() {
    let db = database(Clock::system()).await;
    let writers = (0..12).map(|_| {
        let db = db.run.clone();
        tokio::spawn(async move {
            for _ in 0..10 {
                let work = act(|tx| {
                    tx.raise(event(Some(ONE), 0));
                    tx.raise(event(Some(TWO), 0));
                    Box::pin(async { Ok::<(), StorageError>(()) })
                });
                db.run(&Scope::service(), &work).await.expect("raised");
            }
        })
    });
    join_all(writers).await;
    let mut admin = db.admin().await;
    let gapless: Vec<(i64, i64)> = sqlx::query_as("select count(*), max(version) from ehub.outbox group by stream")
        .fetch_all(&mut admin)
        .await
        .expect("reads");
    assert_eq!(gapless, [(120, 120), (120, 120)]);
}

#[tokio::test]
async fn what_goes_with_the_events_is_undone_with_them() {
    let db = database(Clock::system()).await;
    let key = IdempotencyKey {
        client: "it's \\ a 'client'".to_owned(),
        subject: "ánna".to_owned(),
        method: "test.Service/Act",
        request_id: Uuid::from_u128(1),
    };
    for fails in [true, false] {
        let work = act(|tx| {
            let key = key.clone();
            Box::pin(async move {
                assert!(find(tx, &key).await?.is_none());
                record(tx, &key, &[7; 32], b"answer");
                tx.raise(event(None, 1));
                if fails { Err(StorageError::NotOneRow { what: "test", rows: 0 }) } else { Ok(()) }
            })
        });
        let done = db.run.run(&key.in_turn(Scope::service()), &work).await;
        assert_eq!(done.is_err(), fails);
    }
    let look = act(|tx| {
        let key = key.clone();
        Box::pin(async move { Ok::<_, StorageError>(find(tx, &key).await?.map(|found| (found.digest, found.answer))) })
    });
    // Told at the beginning, and asked on the way: the same.
    for scope in [key.in_turn(Scope::service()), Scope::service()] {
        let found = db.run.run(&scope, &look).await.expect("reads");
        assert_eq!(found, Some((vec![7; 32], b"answer".to_vec())));
    }
}

#[tokio::test]
async fn what_was_heard_is_remembered_with_and_without_events() {
    let db = database(Clock::system()).await;
    for (version, raises) in [(1_i64, false), (2, true), (7, false)] {
        let work = act(|tx| {
            Box::pin(async move {
                let before = last_heard(tx, "intake", ONE).await?;
                heard(tx, "intake", ONE, 1, version);
                if raises {
                    tx.raise(event(Some(TWO), 9));
                }
                Ok::<_, StorageError>(before)
            })
        });
        let before = db.run.run(&Scope::service().hearing("intake", &[ONE]), &work).await.expect("heard");
        assert_eq!(before, [None, Some(1), Some(2)][usize::from(version > 1) + usize::from(version > 2)]);
    }
    // Several at once, one of them new: each is told and remembered for itself.
    for expected in [[Some(7), None], [Some(8), Some(1)]] {
        let work = act(|tx| {
            Box::pin(async move {
                let mut before = Vec::new();
                for stream in [TWO, ONE] {
                    let known = last_heard(tx, "intake", stream).await?;
                    heard(tx, "intake", stream, 1, known.unwrap_or(0) + 1);
                    before.insert(0, known);
                }
                Ok::<_, StorageError>(before)
            })
        });
        let scope = Scope::service().hearing("intake", &[TWO, ONE]);
        assert_eq!(db.run.run(&scope, &work).await.expect("heard"), expected);
    }
    let other = act(|tx| Box::pin(async move { last_heard(tx, "audit", ONE).await }));
    assert_eq!(db.run.run(&Scope::service().hearing("intake", &[ONE]), &other).await.expect("reads"), None);
}
