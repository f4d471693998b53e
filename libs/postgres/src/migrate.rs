//! Databases, roles and migrations.
//!
//! A database is the foundation (this crate's migrations, versions 1 to 99) and then the service's
//! own (from 100). Existing files never change; each works with the binary before and after it.

use std::{borrow::Cow, time::Duration};

use sqlx::{ConnectOptions, Connection, Executor, PgConnection, migrate::Migrator, postgres::PgConnectOptions};

use crate::StorageError;

/// What every service's database has.
pub static FOUNDATION: Migrator = sqlx::migrate!("./migrations");

/// The foundation followed by a service's own migrations.
pub fn complete(service: &Migrator) -> Migrator {
    let mut all = FOUNDATION.migrations.to_vec();
    all.extend(service.migrations.iter().cloned());
    Migrator {
        migrations: Cow::Owned(all),
        table_name: Cow::Borrowed("ehub_migration"),
        // A release that is rolled back meets what a later one has migrated; it works with that, and adds nothing.
        ignore_missing: true,
        ..Migrator::DEFAULT
    }
}

/// Brings a database to the newest schema, as its owner.
pub async fn migrate(owner_url: &str, service: &Migrator) -> Result<(), sqlx::Error> {
    let mut conn = connect(owner_url).await?;
    conn.execute("set lock_timeout = '10s'").await?;
    complete(service).run(&mut conn).await.map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    conn.close().await
}

/// How a database's schema stands to what a release brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Migrations it still lacks.
    pub pending: usize,
    /// Migrations of a later release, which this one does not know and works with.
    pub newer: usize,
}

/// How a database's schema stands to this release.
pub async fn schema(url: &str, service: &Migrator) -> Result<Schema, StorageError> {
    let mut conn = connect(url).await?;
    let applied: Vec<i64> =
        match sqlx::query_scalar("select version from ehub_migration where success").fetch_all(&mut conn).await {
            Ok(versions) => versions,
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => Vec::new(),
            Err(error) => return Err(error.into()),
        };
    let known: Vec<i64> = complete(service).migrations.iter().map(|migration| migration.version).collect();
    let lacking = |here: &[i64], wanted: &[i64]| wanted.iter().filter(|version| !here.contains(version)).count();
    Ok(Schema { pending: lacking(&applied, &known), newer: lacking(&known, &applied) })
}

async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    tokio::time::timeout(Duration::from_secs(10), options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// Makes a service's three roles and, when it does not exist, its database, as an administrator.
///
/// `password` is given to all three roles. Limits stand on the roles, because a pool that resets
/// its connections would lose those set by `SET`. A lock is waited for longer than the second
/// after which PostgreSQL looks for deadlocks, which would otherwise pass for slowness and not be
/// run again.
#[expect(clippy::disallowed_methods, reason = "statements that take no parameters, made of names we check")]
pub async fn bootstrap(admin_url: &str, service: &str, database: &str, password: &str) -> Result<(), StorageError> {
    for name in [service, database, password] {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            return Err(StorageError::Inconsistent { table: "pg_roles", what: "a name that is not plain" });
        }
    }
    let mut conn = connect(admin_url).await?;
    conn.execute("select pg_advisory_lock(7305809870431)").await?;
    for ending in ["migrate", "run", "work"] {
        let role = format!("ehub_{service}_{ending}");
        let make = format!(
            "do $$ begin if not exists (select from pg_roles where rolname = '{role}') then \
             create role {role} login nosuperuser nobypassrls nocreatedb nocreaterole password '{password}'; \
             end if; \
             alter role {role} set statement_timeout = '3s'; alter role {role} set lock_timeout = '2s'; \
             alter role {role} set idle_in_transaction_session_timeout = '10s'; alter role {role} set timezone = 'UTC'; \
             end $$"
        );
        conn.execute(sqlx::AssertSqlSafe(make)).await?;
    }
    let unlimited = format!("alter role ehub_{service}_migrate reset statement_timeout");
    conn.execute(sqlx::AssertSqlSafe(unlimited)).await?;
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(database)
        .fetch_one(&mut conn)
        .await?;
    if !exists {
        for statement in [
            format!("create database \"{database}\" owner ehub_{service}_migrate"),
            format!("revoke connect on database \"{database}\" from public"),
            format!("grant connect on database \"{database}\" to ehub_{service}_run, ehub_{service}_work"),
        ] {
            conn.execute(sqlx::AssertSqlSafe(statement)).await?;
        }
    }
    conn.execute("select pg_advisory_unlock(7305809870431)").await?;
    Ok(conn.close().await?)
}
