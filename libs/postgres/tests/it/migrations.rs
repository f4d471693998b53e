//! Whether a schema is complete, as the role that serves sees it.

use std::borrow::Cow;

use ehub_clock::Clock;
use ehub_postgres::{FOUNDATION, Schema, StorageError, bootstrap, complete, migrate, schema};
use ehub_test_support::TestDb;
use sqlx::{Executor, PgConnection, migrate::Migrator};

use crate::setup::FOUNDATION_ONLY;

#[tokio::test]
async fn the_serving_roles_can_tell_a_complete_schema_from_one_that_is_not() {
    let db = TestDb::create("intake", &FOUNDATION_ONLY, Clock::system()).await;
    let mut later = FOUNDATION.migrations[0].clone();
    later.version = 100;
    let newer = Migrator { migrations: Cow::Owned(vec![later]), ..Migrator::DEFAULT };
    for url in [&db.config.run_url, &db.config.work_url] {
        assert_eq!(schema(url.reveal(), &FOUNDATION_ONLY).await.expect("reads"), Schema { pending: 0, newer: 0 });
        assert_eq!(schema(url.reveal(), &newer).await.expect("reads"), Schema { pending: 1, newer: 0 });
    }
    let mut admin = db.admin().await;
    admin.execute("alter table ehub_migration rename to somewhere_else").await.expect("renames");
    let all = complete(&FOUNDATION_ONLY).migrations.len();
    assert_eq!(schema(db.config.run_url.reveal(), &FOUNDATION_ONLY).await.expect("reads").pending, all);
}

/// A clone belongs to whoever cloned it; a service's database belongs to its migrate role.
async fn own_as_in_service(admin: &mut PgConnection) {
    admin
        .execute(
            "do $$ begin execute format('alter database %I owner to ehub_intake_migrate', current_database()); end $$",
        )
        .await
        .expect("owned as in service");
}

/// A release that is rolled back: its migration has nothing to do, and its services are ready.
#[tokio::test]
async fn an_older_release_leaves_a_newer_schema_as_it_is() {
    let db = TestDb::create("intake", &FOUNDATION_ONLY, Clock::system()).await;
    let mut admin = db.admin().await;
    own_as_in_service(&mut admin).await;
    let later = "insert into ehub_migration (version, description, success, checksum, execution_time) \
                 values (900, 'of a later release', true, '\\x00', 1)";
    admin.execute(later).await.expect("noted");
    let owner = db.config.migrate_url.as_ref().expect("given");
    migrate(owner.reveal(), &FOUNDATION_ONLY).await.expect("nothing to do");
    let stands = schema(db.config.run_url.reveal(), &FOUNDATION_ONLY).await.expect("reads");
    assert_eq!(stands, Schema { pending: 0, newer: 1 });
    // What was changed after it was applied is still refused.
    admin.execute("update ehub_migration set checksum = '\\x00' where version = 1").await.expect("spoilt");
    migrate(owner.reveal(), &FOUNDATION_ONLY).await.expect_err("a migration that is not the one applied");
}

#[tokio::test]
async fn migrating_and_bootstrapping_twice_is_as_good_as_once() {
    let db = TestDb::create("intake", &FOUNDATION_ONLY, Clock::system()).await;
    let mut admin = db.admin().await;
    own_as_in_service(&mut admin).await;
    let owner = db.config.migrate_url.as_ref().expect("given");
    migrate(owner.reveal(), &FOUNDATION_ONLY).await.expect("nothing to do");
    let name: String = sqlx::query_scalar("select current_database()").fetch_one(&mut admin).await.expect("reads");
    for _ in 0..2 {
        bootstrap(&db.admin_url, "spare", &name, "test").await.expect("roles are there");
    }
    for bad in ["", "x\"y", "a b", "x;y"] {
        let refused = bootstrap(&db.admin_url, "intake", bad, "test").await;
        assert!(matches!(refused, Err(StorageError::Inconsistent { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn the_serving_roles_own_nothing_and_cannot_rewrite_what_was_said() {
    let db = TestDb::create("intake", &FOUNDATION_ONLY, Clock::system()).await;
    for forbidden in [
        "update ehub.outbox set kind = 'x'",
        "update ehub.incarnation set number = 2",
        "truncate ehub.outbox",
        "create table ehub.mine (id int)",
        "create table public.mine (id int)",
        "alter table ehub.outbox disable row level security",
    ] {
        for db in [&db.run, &db.work] {
            let error: StorageError =
                db.lend().await.expect("lent").execute(forbidden).await.expect_err(forbidden).into();
            assert!(matches!(error, StorageError::Forbidden(_)), "{forbidden}: {error}");
        }
    }
}
