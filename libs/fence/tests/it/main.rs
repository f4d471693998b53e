//! Acts under a claim against fences and seals, in every order.

#[path = "../../../postgres/tests/it/act.rs"]
mod act;

use std::{sync::Mutex, time::Duration};

use act::act;
use ehub_auth::{Grant, GrantKind};
use ehub_clock::Clock;
use ehub_faults::Fault;
use ehub_fence::{FenceError, hold, lock_for_seal, raise, seal};
use ehub_postgres::{Db, Scope, StorageError, Tx};
use ehub_test_support::TestDb;
use sqlx::migrate::Migrator;
use time::macros::datetime;
use tokio::sync::oneshot;
use uuid::Uuid;

static FOUNDATION_ONLY: Migrator = Migrator::DEFAULT;

async fn database() -> TestDb {
    TestDb::create("writeback", &FOUNDATION_ONLY, Clock::system()).await
}

fn grant(consultation: Uuid, epoch: i64) -> Grant {
    Grant {
        consultation,
        epoch,
        kind: GrantKind::Act,
        subject: "anna".to_owned(),
        organisation: Uuid::from_u128(1),
        practice: Uuid::from_u128(2),
        expires_at: datetime!(2099-01-01 00:00 UTC),
        incarnation: 1,
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Hold(i64),
    Raise(i64),
    Seal(i64),
}

/// What a guard must be: the lowest epoch accepted, and the highest sealed.
#[derive(Default)]
struct Model {
    epoch: i64,
    sealed: i64,
}

impl Model {
    fn step(&mut self, step: Step) -> &'static str {
        match step {
            Step::Hold(epoch) if self.sealed >= epoch => "sealed",
            Step::Hold(epoch) if self.epoch > epoch => "superseded",
            Step::Hold(epoch) | Step::Raise(epoch) => {
                self.epoch = self.epoch.max(epoch);
                "done"
            }
            Step::Seal(epoch) if self.epoch > epoch => "superseded",
            Step::Seal(epoch) => {
                (self.epoch, self.sealed) = (epoch, self.sealed.max(epoch));
                "done"
            }
        }
    }
}

async fn step(tx: &mut Tx, consultation: Uuid, step: Step) -> Result<&'static str, StorageError> {
    match step {
        Step::Hold(epoch) => match hold(tx, &grant(consultation, epoch)).await {
            Ok(()) => Ok("done"),
            Err(FenceError::Superseded) => Ok("superseded"),
            Err(FenceError::Sealed) => Ok("sealed"),
            Err(FenceError::Storage(error)) => Err(error),
        },
        Step::Raise(epoch) => raise(tx, &[(consultation, epoch)]).await.map(|()| "done"),
        Step::Seal(epoch) => {
            if lock_for_seal(tx, consultation, epoch).await? {
                seal(tx, consultation, epoch).await.map(|()| "done")
            } else {
                Ok("superseded")
            }
        }
    }
}

fn pairs(steps: &[Step]) -> Vec<(Step, Step)> {
    steps.iter().flat_map(|first| steps.iter().map(move |second| (*first, *second))).collect()
}

#[tokio::test]
async fn every_sequence_of_three_steps_at_three_epochs_ends_as_it_must() {
    let db = database().await;
    let steps: Vec<Step> =
        (1..=3).flat_map(|epoch| [Step::Hold(epoch), Step::Raise(epoch), Step::Seal(epoch)]).collect();
    for first in &steps {
        // One transaction for all that begins alike: the statements are what is looked at here.
        let all = act(|tx| {
            let (steps, first) = (steps.clone(), *first);
            Box::pin(async move {
                for (second, third) in pairs(&steps) {
                    let consultation = tx.clock().uuid_v7();
                    let mut model = Model::default();
                    for next in [first, second, third] {
                        let got = step(tx, consultation, next).await?;
                        assert_eq!(got, model.step(next), "{next:?} in {first:?} {second:?} {third:?}");
                    }
                }
                Ok::<(), StorageError>(())
            })
        });
        db.run.run(&Scope::service(), &all).await.expect("runs");
    }
}

#[tokio::test]
async fn a_refused_act_teaches_the_guard_nothing() {
    let db = database().await;
    let consultation = Uuid::from_u128(7);
    let failing = act(|tx| {
        Box::pin(async move {
            hold(tx, &grant(consultation, 9)).await?;
            Err::<(), FenceError>(FenceError::Superseded)
        })
    });
    db.run.run(&Scope::service(), &failing).await.expect_err("refused");
    let lower = act(|tx| Box::pin(async move { step(tx, consultation, Step::Hold(1)).await }));
    assert_eq!(db.run.run(&Scope::service(), &lower).await.expect("runs"), "done");
}

#[tokio::test]
async fn a_seal_without_its_lock_is_an_error() {
    let db = database().await;
    let bare = act(|tx| Box::pin(seal(tx, Uuid::from_u128(1), 1)));
    let error = db.run.run(&Scope::service(), &bare).await.expect_err("refused");
    assert!(matches!(error, StorageError::NotOneRow { rows: 0, .. }), "{error}");
}

#[tokio::test]
async fn raising_many_at_once_takes_the_highest_of_each() {
    let db = database().await;
    let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let many = act(|tx| Box::pin(async move { raise(tx, &[(b, 2), (a, 5), (a, 3), (b, 4)]).await }));
    db.run.run(&Scope::service(), &many).await.expect("raised");
    for (consultation, epoch, expected) in [(a, 4, "superseded"), (a, 5, "done"), (b, 3, "superseded"), (b, 4, "done")]
    {
        let probe = act(|tx| Box::pin(step(tx, consultation, Step::Hold(epoch))));
        assert_eq!(db.run.run(&Scope::service(), &probe).await.expect("runs"), expected);
    }
}

/// Runs `first` and stops before its commit until `second` waits for a lock; gives both answers.
async fn interleaved(db: &TestDb, consultation: Uuid, first: Step, second: Step) -> (&'static str, &'static str) {
    let (stepped, has_stepped) = oneshot::channel();
    let (go, may_go) = oneshot::channel();
    let ends = Mutex::new(Some((stepped, may_go)));
    let in_flight = act(|tx| {
        let (stepped, may_go) = ends.lock().expect("whole").take().expect("runs once");
        Box::pin(async move {
            let done = step(tx, consultation, first).await?;
            stepped.send(()).expect("heard");
            may_go.await.expect("told");
            Ok::<_, StorageError>(done)
        })
    });
    let behind = act(|tx| Box::pin(step(tx, consultation, second)));
    let scope = Scope::service();
    let follow = async {
        has_stepped.await.expect("stepped");
        db.run.run(&scope, &behind).await
    };
    let release = async {
        until_blocked(db).await;
        go.send(()).expect("heard");
    };
    let (first, second, ()) = tokio::join!(db.run.run(&scope, &in_flight), follow, release);
    (first.expect("commits"), second.expect("commits"))
}

/// Waits until some transaction of this database waits for another's lock.
async fn until_blocked(db: &TestDb) {
    let mut admin = db.admin().await;
    for _ in 0..300 {
        let blocked: bool = sqlx::query_scalar(
            "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')",
        )
        .fetch_one(&mut admin)
        .await
        .expect("reads");
        if blocked {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody waits for the transaction in flight");
}

#[tokio::test]
async fn whoever_comes_second_waits_for_the_first_and_sees_what_it_did() {
    let db = database().await;
    for known in [false, true] {
        for (first, second, expected) in [
            (Step::Hold(1), Step::Raise(2), ("done", "done")),
            (Step::Raise(2), Step::Hold(1), ("done", "superseded")),
            (Step::Raise(2), Step::Hold(2), ("done", "done")),
            (Step::Hold(1), Step::Seal(1), ("done", "done")),
            (Step::Seal(1), Step::Hold(1), ("done", "sealed")),
            (Step::Seal(1), Step::Hold(2), ("done", "done")),
            (Step::Raise(2), Step::Seal(1), ("done", "superseded")),
            (Step::Seal(1), Step::Raise(2), ("done", "done")),
            (Step::Hold(2), Step::Seal(1), ("done", "superseded")),
        ] {
            let consultation = db.run.clock().uuid_v7();
            if known {
                let learn = act(|tx| Box::pin(step(tx, consultation, Step::Raise(1))));
                db.run.run(&Scope::service(), &learn).await.expect("learns");
            }
            let got = interleaved(&db, consultation, first, second).await;
            assert_eq!(got, expected, "{first:?} then {second:?}, known before: {known}");
        }
    }
}

/// Counts acts that commit after the fence that was to keep them out had answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_act_commits_under_an_epoch_after_its_fence_has_answered() {
    let db = database().await;
    let consultation = Uuid::from_u128(5);
    let mut admin = db.admin().await;
    sqlx::raw_sql(
        "create table public.acted (epoch bigint); grant select, insert on public.acted to ehub_writeback_run",
    )
    .execute(&mut admin)
    .await
    .expect("table");
    for epoch in 1..=8_i64 {
        let acts: Vec<_> = (0..6).map(|_| tokio::spawn(acting(db.run.clone(), consultation, epoch))).collect();
        let fence = act(|tx| Box::pin(async move { raise(tx, &[(consultation, epoch + 1)]).await }));
        db.run.run(&Scope::service(), &fence).await.expect("answers");
        let before = acted(&mut admin, epoch).await;
        let mut done = 0;
        for act in acts {
            done += i64::from(act.await.expect("joins"));
        }
        assert_eq!(acted(&mut admin, epoch).await, before, "nothing came after the answer");
        assert_eq!(done, before, "and what was admitted is there");
    }
}

async fn acted(admin: &mut sqlx::PgConnection, epoch: i64) -> i64 {
    sqlx::query_scalar("select count(*) from public.acted where epoch = $1")
        .bind(epoch)
        .fetch_one(admin)
        .await
        .expect("counts")
}

/// Acts under a grant; tells whether it was admitted.
async fn acting(db: Db, consultation: Uuid, epoch: i64) -> bool {
    let work = act(|tx| {
        Box::pin(async move {
            hold(tx, &grant(consultation, epoch)).await?;
            sqlx::query("insert into public.acted values ($1)")
                .bind(epoch)
                .execute(tx.conn())
                .await
                .map_err(StorageError::from)?;
            Ok::<(), FenceError>(())
        })
    });
    match db.run(&Scope::service(), &work).await {
        Ok(()) => true,
        Err(FenceError::Superseded) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn refusals_have_their_reasons() {
    assert_eq!(Fault::from(FenceError::Superseded).reason(), "CLAIM_SUPERSEDED");
    assert_eq!(Fault::from(FenceError::Sealed).reason(), "CLAIM_SEALED");
}
