//! The five databases of a run on this clone's private cluster.

use std::process::Stdio;

use anyhow::{Context as _, bail};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::process::Command;

use super::paths::Paths;

/// The password of the development roles; the cluster listens on loopback only.
pub const PASSWORD: &str = "development";

/// The five services, in the order they are named everywhere.
pub const SERVICES: [&str; 5] = ["intake", "allocation", "writeback", "prescribing", "audit"];

/// A run's cluster.
#[derive(Debug, Clone)]
pub struct Databases {
    admin: String,
}

impl Databases {
    /// Starts the cluster when it does not run.
    pub async fn start(paths: &Paths) -> anyhow::Result<Self> {
        script(paths, "postgres", "start").await?;
        let admin = script(paths, "postgres", "url").await?;
        Ok(Self { admin: admin.trim().to_owned() })
    }

    /// Makes each service's database, empty unless it is to be kept, with the newest schema.
    pub async fn prepare(&self, keep: bool) -> anyhow::Result<()> {
        let services = SERVICES.map(|service| self.prepare_one(service, keep));
        futures_util::future::try_join_all(services).await?;
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "a statement that takes no parameters, of a name of ours")]
    async fn prepare_one(&self, service: &'static str, keep: bool) -> anyhow::Result<()> {
        let name = name(service);
        if !keep {
            let mut conn = self.connect().await?;
            // A name of ours: letters and an underscore.
            conn.execute(AssertSqlSafe(format!("drop database if exists {name} with (force)"))).await?;
            conn.close().await?;
        }
        ehub_postgres::bootstrap(&self.admin, service, &name, PASSWORD)
            .await
            .with_context(|| format!("the database of {service}"))?;
        let migrations = match service {
            "intake" => &ehub_intake::MIGRATIONS,
            "allocation" => &ehub_allocation::MIGRATIONS,
            "writeback" => &ehub_writeback::MIGRATIONS,
            "prescribing" => &ehub_prescribing::MIGRATIONS,
            _ => &ehub_audit::MIGRATIONS,
        };
        ehub_postgres::migrate(&self.url(service, "migrate"), migrations)
            .await
            .with_context(|| format!("the migrations of {service}"))
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        let options: PgConnectOptions = self.admin.parse()?;
        Ok(options.connect().await?)
    }

    /// The URL of one of a service's roles.
    pub fn url(&self, service: &str, role: &str) -> String {
        let host = self.admin.rsplit_once('@').map_or(self.admin.as_str(), |(_, host)| host);
        let host = host.split('/').next().unwrap_or(host);
        format!("postgres://ehub_{service}_{role}:{PASSWORD}@{host}/{}", name(service))
    }
}

fn name(service: &str) -> String {
    format!("ehub_{service}")
}

async fn script(paths: &Paths, name: &str, argument: &str) -> anyhow::Result<String> {
    let output = Command::new(paths.script(name))
        .arg(argument)
        .env("EHUB_HOME", &paths.local)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .with_context(|| format!("scripts/{name} {argument}"))?;
    if !output.status.success() {
        bail!("scripts/{name} {argument} failed");
    }
    Ok(String::from_utf8(output.stdout)?)
}
