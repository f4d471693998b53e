//! What row security shows to whom, and that settings end with their transaction.

use std::time::Duration;

use ehub_clock::Clock;
use ehub_postgres::{Db, Role, Scope, StorageError, Tx};
use ehub_test_support::{TestDb, client_scope, person_scope, seed_access};
use sqlx::{Connection, Executor, PgConnection};
use time::macros::datetime;
use uuid::Uuid;

use crate::{
    act::act,
    setup::{database, pool_of, read, write},
};

const HUB: Uuid = Uuid::from_u128(1);
const ALDER: Uuid = Uuid::from_u128(2);
const BIRCH: Uuid = Uuid::from_u128(3);

/// The hub's `anna` and the hub's clients reach Alder; nobody reaches Birch.
async fn two_practices(clock: Clock) -> TestDb {
    let db = database(clock).await;
    seed_access(&db, (HUB, "H8H01"), (ALDER, "A81001"), "anna", &["work"]).await;
    seed_access(&db, (HUB, "H8H01"), (ALDER, "A81001"), "", &["file"]).await;
    seed_access(&db, (BIRCH, "B82002"), (BIRCH, "B82002"), "bert", &["work"]).await;
    let both = act(|tx| {
        Box::pin(async move {
            write(tx, ALDER, "alder").await?;
            write(tx, BIRCH, "birch").await
        })
    });
    db.run.run(&Scope::service(), &both).await.expect("a service writes for both");
    db
}

async fn seen(db: &Db, scope: &Scope) -> Vec<String> {
    db.run(scope, &act(|tx| Box::pin(read(tx)))).await.expect("reads")
}

#[tokio::test]
async fn row_security_alone_shows_each_caller_its_own() {
    let db = two_practices(Clock::system()).await;
    for (scope, expected) in [
        (person_scope("H8H01", "anna"), &["alder"][..]),
        (person_scope("H8H01", "carl"), &[]),
        (person_scope("B82002", "anna"), &[]),
        (person_scope("B82002", "bert"), &["birch"]),
        (client_scope("H8H01", "front-end"), &["alder"]),
        (client_scope("B82002", "front-end"), &[]),
        (person_scope("Z99999", "anna"), &[]),
        (Scope { organisation: None, ..person_scope("H8H01", "anna") }, &[]),
        (Scope::service(), &["alder", "birch"]),
        (Scope::work(), &[]),
    ] {
        assert_eq!(seen(&db.run, &scope).await, expected, "{scope:?}");
    }
    assert_eq!(seen(&db.work, &Scope::work()).await, ["alder", "birch"], "background work sees all");
}

#[tokio::test]
async fn row_security_refuses_to_write_for_others() {
    let db = two_practices(Clock::system()).await;
    let anna = person_scope("H8H01", "anna");
    let foreign = act(|tx| Box::pin(write(tx, BIRCH, "forged")));
    let error = db.run.run(&anna, &foreign).await.expect_err("refused");
    assert!(matches!(error, StorageError::Forbidden(_)), "{error}");
    let moving = act(|tx| {
        Box::pin(async move {
            sqlx::query("update ehub.note set practice = $1").bind(BIRCH).execute(tx.conn()).await?;
            Ok::<_, StorageError>(())
        })
    });
    let error = db.run.run(&anna, &moving).await.expect_err("refused");
    assert!(matches!(error, StorageError::Forbidden(_)), "{error}");
    let deleting = act(|tx| {
        Box::pin(async move {
            let done = sqlx::query("delete from ehub.note where practice = $1").bind(BIRCH).execute(tx.conn()).await?;
            Ok::<_, StorageError>(done.rows_affected())
        })
    });
    assert_eq!(db.run.run(&anna, &deleting).await.expect("runs"), 0);
    let emptying = act(|tx| {
        Box::pin(async move {
            sqlx::query("truncate ehub.note").execute(tx.conn()).await?;
            Ok::<_, StorageError>(())
        })
    });
    assert!(matches!(db.run.run(&anna, &emptying).await, Err(StorageError::Forbidden(_))));
}

#[tokio::test]
async fn without_a_scope_nothing_is_seen_not_even_by_the_owner() {
    let db = two_practices(Clock::system()).await;
    let bare: i64 = sqlx::query_scalar("select count(*) from ehub.note")
        .fetch_one(&mut *db.run.lend().await.expect("lent"))
        .await
        .expect("counts");
    assert_eq!(bare, 0);
    let url = db.config.migrate_url.as_ref().expect("given");
    let mut owner = PgConnection::connect(url.reveal()).await.expect("connects");
    let owned: i64 = sqlx::query_scalar("select count(*) from ehub.note").fetch_one(&mut owner).await.expect("counts");
    assert_eq!(owned, 0);
    owner.execute("insert into ehub.note values (gen_random_uuid(), 'x')").await.expect_err("no policy lets it write");
}

#[tokio::test]
async fn settings_end_with_their_transaction() {
    let db = two_practices(Clock::system()).await;
    let one = pool_of(&db, 1, Role::Run);
    assert_eq!(seen(&one, &Scope { client: "front-end".into(), ..person_scope("H8H01", "anna") }).await, ["alder"]);
    // The pool has one connection, so this is the one that was just used.
    let left: Vec<Option<String>> = sqlx::query_scalar(
        "select nullif(current_setting(name, true), '') \
         from unnest(array['app.kind', 'app.person', 'app.org', 'app.client', 'app.now']) as name",
    )
    .fetch_all(&mut *one.lend().await.expect("lent"))
    .await
    .expect("reads");
    assert_eq!(left, vec![None; 5]);
    assert_eq!(seen(&one, &person_scope("H8H01", "carl")).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_forgotten_session_setting_ends_with_the_next_beginning() {
    let db = two_practices(Clock::system()).await;
    for role in [Role::Run, Role::Work] {
        let one = pool_of(&db, 1, role);
        for disturbance in [
            "select 1",
            "set statement_timeout = 0",
            "set timezone = 'Asia/Tokyo'",
            "set lock_timeout = 0",
            "set app.forgotten = 'x'",
        ] {
            let mut lent = one.lend().await.expect("lent");
            lent.execute(disturbance).await.expect("runs");
            let disturbed: i32 =
                sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *lent).await.expect("reads");
            lent.give_back();
            let (same, limits) = one.run(&Scope::work(), &act(|tx| Box::pin(limits(tx)))).await.expect("reads");
            assert_eq!(same, disturbed, "there is one connection");
            assert_eq!(limits, ["3s", "2s", "10s", "UTC", ""], "{role:?} after {disturbance}");
        }
    }
}

/// Which backend this is, and what it is set to.
async fn limits(tx: &mut Tx) -> Result<(i32, Vec<String>), StorageError> {
    Ok(sqlx::query_as(
        "select pg_backend_pid(), array(select coalesce(current_setting(name, true), '') \
           from unnest(array['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'TimeZone', \
             'app.forgotten']) as name)",
    )
    .fetch_one(tx.conn())
    .await?)
}

#[tokio::test]
async fn a_near_deadline_lowers_the_statement_timeout() {
    let db = database(Clock::system()).await;
    let one = pool_of(&db, 1, Role::Run);
    let until = db.run.clock().monotonic() + Duration::from_millis(200);
    let hurried = Scope { deadline: Some(until), ..Scope::service() };
    let slow = act(|tx| {
        Box::pin(async move {
            sqlx::query("select pg_sleep(2)").execute(tx.conn()).await?;
            Ok::<_, StorageError>(())
        })
    });
    let error = one.run(&hurried, &slow).await.expect_err("too slow");
    assert!(matches!(error, StorageError::TimedOut(_)), "{error}");
    let timeout: String = sqlx::query_scalar("show statement_timeout")
        .fetch_one(&mut *one.lend().await.expect("lent"))
        .await
        .expect("reads");
    assert_eq!(timeout, "3s");
}

#[tokio::test]
async fn dated_rights_begin_and_end_at_midnight_in_london() {
    // Half past midnight on 2 July in London, still 1 July in UTC.
    let (clock, hand) = Clock::manual(datetime!(2026-07-01 23:30 UTC));
    let db = two_practices(clock).await;
    let anna = person_scope("H8H01", "anna");
    let mut admin = db.admin().await;
    admin.execute("update ehub.access set valid_to = '2026-07-02' where person = 'anna'").await.expect("ends");
    assert_eq!(seen(&db.run, &anna).await, Vec::<String>::new(), "revoked today");
    hand.set(datetime!(2026-07-01 22:30 UTC));
    assert_eq!(seen(&db.run, &anna).await, ["alder"], "the day before");
    admin
        .execute("update ehub.access set valid_from = '2026-07-02', valid_to = null where person = 'anna'")
        .await
        .expect("begins");
    assert_eq!(seen(&db.run, &anna).await, Vec::<String>::new(), "not yet");
    hand.set(datetime!(2026-07-01 23:00 UTC));
    assert_eq!(seen(&db.run, &anna).await, ["alder"]);
}

#[tokio::test]
async fn a_code_belongs_to_a_successor_from_its_first_day() {
    let (clock, hand) = Clock::manual(datetime!(2026-03-31 12:00 UTC));
    let db = two_practices(clock).await;
    let mut admin = db.admin().await;
    admin
        .execute(
            "insert into ehub.organisation (org, ods, kind, display_name, valid_from) values \
             ('00000000-0000-0000-0000-000000000009', 'H8H01', 'ORGANISATION_KIND_HUB', 'Successor', '2026-04-01')",
        )
        .await
        .expect("announced");
    let anna = person_scope("H8H01", "anna");
    let org = act(|tx| {
        let organisation = tx.organisation();
        Box::pin(async move { Ok::<_, StorageError>(organisation) })
    });
    assert_eq!(db.run.run(&anna, &org).await.expect("runs"), Some(HUB));
    hand.set(datetime!(2026-04-01 12:00 UTC));
    assert_eq!(db.run.run(&anna, &org).await.expect("runs"), Some(Uuid::from_u128(9)));
}
