//! A database with one protected table.

use ehub_clock::Clock;
use ehub_postgres::{DatabaseConfig, Db, Role, StorageError, Tx};
use ehub_test_support::TestDb;
use sqlx::{Executor, migrate::Migrator};
use uuid::Uuid;

/// No migrations but the foundation's.
pub static FOUNDATION_ONLY: Migrator = Migrator::DEFAULT;

/// A database with `ehub.note (practice, text)` behind row security, owned by the migrate role.
pub async fn database(clock: Clock) -> TestDb {
    let db = TestDb::create("intake", &FOUNDATION_ONLY, clock).await;
    let mut admin = db.admin().await;
    admin.execute("set role ehub_intake_migrate").await.expect("role");
    admin.execute("create table ehub.note (practice uuid not null, text text not null)").await.expect("table");
    admin.execute("call ehub.protect('ehub.note')").await.expect("protected");
    db
}

/// Another pool on the same database, of so many connections.
pub fn pool_of(db: &TestDb, connections: u32, role: Role) -> Db {
    let config = DatabaseConfig { run_connections: connections, work_connections: connections, ..db.config.clone() };
    Db::open(&config, role, db.run.clock().clone()).expect("a pool")
}

/// Writes a note for a practice.
pub async fn write(tx: &mut Tx, practice: Uuid, text: &str) -> Result<(), StorageError> {
    sqlx::query("insert into ehub.note (practice, text) values ($1, $2)")
        .bind(practice)
        .bind(text)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The notes this transaction sees, in order.
pub async fn read(tx: &mut Tx) -> Result<Vec<String>, StorageError> {
    Ok(sqlx::query_scalar("select text from ehub.note order by text").fetch_all(tx.conn()).await?)
}
