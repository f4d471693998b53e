//! Connections on loan: who gives one back in order, who does not, and who waits.

use std::time::Duration;

use ehub_clock::Clock;
use ehub_postgres::{DatabaseConfig, Db, Lent, Role, Scope, StorageError};
use ehub_test_support::TestDb;
use sqlx::Executor as _;

use crate::{
    act::act,
    setup::{database, pool_of, read},
};

/// Which backend a connection leads to.
async fn backend(lent: &mut Lent) -> i32 {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut **lent).await.expect("reads")
}

/// A pool of one connection that gives up waiting soon.
fn impatient(db: &TestDb) -> Db {
    let acquire_timeout = Duration::from_millis(300).into();
    let config = DatabaseConfig { run_connections: 1, acquire_timeout, ..db.config.clone() };
    Db::open(&config, Role::Run, Clock::system()).expect("a pool")
}

#[tokio::test]
async fn what_does_not_come_back_in_order_is_never_lent_again() {
    let db = database(Clock::system()).await;
    let one = pool_of(&db, 1, Role::Run);
    let mut lent = one.lend().await.expect("lent");
    let first = backend(&mut lent).await;
    lent.execute("begin").await.expect("begins");
    drop(lent);
    let mut lent = one.lend().await.expect("its place is free again");
    assert_ne!(backend(&mut lent).await, first);
}

#[tokio::test]
async fn what_comes_back_in_order_is_lent_again() {
    let db = database(Clock::system()).await;
    let one = pool_of(&db, 1, Role::Run);
    let mut lent = one.lend().await.expect("lent");
    let first = backend(&mut lent).await;
    lent.give_back();
    let refuse = act(|_| Box::pin(async { Err::<(), _>(StorageError::NotOneRow { what: "test", rows: 0 }) }));
    one.run(&Scope::service(), &refuse).await.expect_err("refused, and undone in order");
    one.run(&Scope::service(), &act(|tx| Box::pin(read(tx)))).await.expect("reads");
    assert_eq!(backend(&mut one.lend().await.expect("lent")).await, first);
}

#[tokio::test]
async fn a_failed_statement_leaves_the_next_call_alone() {
    let db = database(Clock::system()).await;
    let one = pool_of(&db, 1, Role::Run);
    let wrong = act(|tx| {
        Box::pin(async move {
            sqlx::query("select 1 / 0").execute(tx.conn()).await?;
            Ok::<(), StorageError>(())
        })
    });
    one.run(&Scope::service(), &wrong).await.expect_err("fails");
    one.run(&Scope::service(), &act(|tx| Box::pin(read(tx)))).await.expect("reads");
}

#[tokio::test]
async fn who_waits_too_long_hears_that_the_database_is_away() {
    let db = database(Clock::system()).await;
    let one = impatient(&db);
    let lent = one.lend().await.expect("lent");
    let error = one.lend().await.expect_err("there is only one");
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    assert_eq!(one.usage(), (1, 1));
    lent.give_back();
    assert_eq!(one.usage(), (0, 1));
    one.lend().await.expect("free again");
}

#[tokio::test]
async fn closing_waits_for_what_is_lent_and_lends_no_more() {
    let db = database(Clock::system()).await;
    let one = pool_of(&db, 1, Role::Run);
    let lent = one.lend().await.expect("lent");
    let closing = one.clone();
    let closed = tokio::spawn(async move { closing.close().await });
    let early = tokio::time::timeout(Duration::from_millis(50), async {
        while !closed.is_finished() {
            tokio::task::yield_now().await
        }
    })
    .await;
    assert!(early.is_err(), "it waits");
    lent.give_back();
    closed.await.expect("closes");
    assert!(matches!(one.lend().await, Err(StorageError::Unavailable(_))));
}

#[tokio::test]
async fn one_that_was_cut_off_while_it_rested_is_replaced() {
    let db = database(Clock::system()).await;
    let (clock, hand) = Clock::manual(time::macros::datetime!(2026-07-01 12:00 UTC));
    let config = DatabaseConfig { run_connections: 1, ..db.config.clone() };
    let one = Db::open(&config, Role::Run, clock).expect("a pool");
    let mut lent = one.lend().await.expect("lent");
    let first = backend(&mut lent).await;
    lent.give_back();
    let mut admin = db.admin().await;
    sqlx::query("select pg_terminate_backend($1, 5000)").bind(first).execute(&mut admin).await.expect("cut off");
    hand.advance(Duration::from_secs(2));
    assert_ne!(backend(&mut one.lend().await.expect("another")).await, first);
}
