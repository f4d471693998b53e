//! A database of its own for each test, cloned from a template that holds the service's schema.
//!
//! `EHUB_TEST_POSTGRES` names a cluster by a superuser's URL; `make test` starts one.

use std::{env, fmt::Write as _};

use ehub_clock::Clock;
use ehub_config::{HumanDuration, Secret};
use ehub_postgres::{DatabaseConfig, Db, Role, bootstrap, complete, migrate};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, migrate::Migrator, postgres::PgConnectOptions,
};
use uuid::Uuid;

/// The password of the roles in the test cluster, which listens on loopback only.
const PASSWORD: &str = "test";

/// A database for one test, through a service's two roles.
#[derive(Debug)]
pub struct TestDb {
    /// The role that serves calls; row security is forced.
    pub run: Db,
    /// The role of background work.
    pub work: Db,
    /// A superuser's URL of this database, for looking at the world from outside.
    pub admin_url: String,
    /// How a service would be configured for it.
    pub config: DatabaseConfig,
}

impl TestDb {
    /// A fresh database with the service's schema.
    ///
    /// # Panics
    /// When there is no cluster: run `make test`, or set `EHUB_TEST_POSTGRES`.
    pub async fn create(service: &str, migrations: &Migrator, clock: Clock) -> Self {
        let admin =
            env::var("EHUB_TEST_POSTGRES").expect("EHUB_TEST_POSTGRES names no cluster; `make test` starts one");
        let template = ensure_template(&admin, service, migrations).await;
        let name = format!("t_{}", Uuid::now_v7().simple());
        let mut conn = connect(&admin).await;
        // wal_log copies the few pages of a small template without forcing a checkpoint.
        run(
            &mut conn,
            format!("create database {name} template {template} owner ehub_{service}_migrate strategy wal_log"),
        )
        .await;
        conn.close().await.expect("closes");
        let config = DatabaseConfig {
            run_url: Secret::new(role_url(&admin, &name, service, "run")),
            work_url: Secret::new(role_url(&admin, &name, service, "work")),
            migrate_url: Some(Secret::new(role_url(&admin, &name, service, "migrate"))),
            run_connections: 20,
            work_connections: 8,
            acquire_timeout: HumanDuration::from_secs(30),
            require_durable: false,
        };
        let open = |role| Db::open(&config, role, clock.clone()).expect("a pool");
        let run = open(Role::Run);
        let work = run.open_beside(&config, Role::Work).expect("a pool");
        Self { run, work, admin_url: with_database(&admin, &name), config }
    }

    /// A superuser's connection, past row security.
    pub async fn admin(&self) -> PgConnection {
        connect(&self.admin_url).await
    }
}

/// Makes the template once for this set of migrations; tests that start together take turns.
async fn ensure_template(admin: &str, service: &str, migrations: &Migrator) -> String {
    let mut mark = String::new();
    for migration in complete(migrations).migrations.iter() {
        for byte in migration.checksum.iter().take(2) {
            write!(mark, "{byte:02x}").expect("a string takes all");
        }
    }
    // PostgreSQL cuts names at 63 bytes; the end of the mark changes with the newest migration.
    let tail = mark.len().saturating_sub(32);
    let template = format!("tmpl_{service}_{}", &mark[tail..]);
    let mut conn = connect(admin).await;
    run(&mut conn, "select pg_advisory_lock(884422)".to_owned()).await;
    let ready: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1 and datistemplate)")
            .bind(&template)
            .fetch_one(&mut conn)
            .await
            .expect("the catalogue answers");
    if !ready {
        run(&mut conn, format!("drop database if exists {template}")).await;
        bootstrap(admin, service, &template, PASSWORD).await.expect("roles and database");
        migrate(&role_url(admin, &template, service, "migrate"), migrations).await.expect("migrations apply");
        run(&mut conn, format!("alter database {template} with is_template true")).await;
    }
    run(&mut conn, "select pg_advisory_unlock(884422)".to_owned()).await;
    conn.close().await.expect("closes");
    template
}

async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("a PostgreSQL URL");
    options.connect().await.expect("the cluster answers")
}

async fn run(conn: &mut PgConnection, statement: String) {
    // Names are made here, of letters, digits and underscores.
    conn.execute(AssertSqlSafe(statement)).await.expect("the statement runs");
}

fn with_database(admin: &str, name: &str) -> String {
    let (address, query) = admin.split_once('?').map_or((admin, ""), |(address, query)| (address, query));
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find('/').map_or(address.len(), |slash| start + slash);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{}/{name}{query}", &address[..end])
}

fn role_url(admin: &str, database: &str, service: &str, ending: &str) -> String {
    let url = with_database(admin, database);
    let host = url
        .split_once('@')
        .map_or_else(|| url.trim_start_matches("postgres://").to_owned(), |(_, host)| host.to_owned());
    format!("postgres://ehub_{service}_{ending}:{PASSWORD}@{host}")
}
