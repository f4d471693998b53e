//! `ehub migrate`: brings databases to the newest schema, as their owners.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use sqlx::migrate::Migrator;

use super::context::Context;
use crate::{
    arguments::{MigrateOptions, ServiceName},
    output::{self, Column, Form, exit::Problem},
    world::World,
};

// Newer ones are of a later release: this one knows nothing of them and leaves them as they are.
const COLUMNS: [Column; 3] = [
    Column("SERVICE", "service", Form::Plain),
    Column("APPLIED", "applied", Form::Plain),
    Column("NEWER", "newer", Form::Plain),
];

/// Migrates one database, or those of the running suite.
pub async fn run(context: &Context, options: &MigrateOptions) -> anyhow::Result<()> {
    let mut done = Vec::new();
    for service in ServiceName::ALL.into_iter().filter(|service| options.service.is_none_or(|only| only == *service)) {
        let url = match (&options.url, &options.url_file) {
            (Some(url), _) => url.clone(),
            (None, Some(file)) => url_in(file)?,
            (None, None) => owner_url(&context.world()?, service)?,
        };
        output::progress(&format!("migrating {}", service.as_str()));
        let before = ehub_postgres::schema(&url, migrations(service))
            .await
            .with_context(|| format!("the database of {}", service.as_str()))?;
        ehub_postgres::migrate(&url, migrations(service))
            .await
            .with_context(|| format!("the migrations of {}", service.as_str()))?;
        done.push(json!({ "service": service.as_str(), "applied": before.pending, "newer": before.newer }));
    }
    output::list("migrated", &done, &COLUMNS, "there is nothing to migrate");
    Ok(())
}

/// The URL a file holds; its contents are a secret and stay out of what is said about it.
fn url_in(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Problem::Config(format!("{} cannot be read: {error}", file.display())))?;
    match text.trim() {
        "" => Err(Problem::Config(format!("{} is empty", file.display())).into()),
        url => Ok(url.to_owned()),
    }
}

/// A service's migrations.
pub fn migrations(service: ServiceName) -> &'static Migrator {
    match service {
        ServiceName::Intake => &ehub_intake::MIGRATIONS,
        ServiceName::Allocation => &ehub_allocation::MIGRATIONS,
        ServiceName::Writeback => &ehub_writeback::MIGRATIONS,
        ServiceName::Prescribing => &ehub_prescribing::MIGRATIONS,
        ServiceName::Audit => &ehub_audit::MIGRATIONS,
    }
}

/// The URL of the role that serves calls.
pub fn run_url(world: &World, service: ServiceName) -> anyhow::Result<&str> {
    let url = world.databases.get(service.as_str());
    Ok(url.ok_or_else(|| Problem::Config(format!("the run names no database of {}", service.as_str())))?)
}

/// The URL of the role that owns the schema: the run file names the one that serves calls.
fn owner_url(world: &World, service: ServiceName) -> anyhow::Result<String> {
    let (run, owner) = (format!("ehub_{}_run:", service.as_str()), format!("ehub_{}_migrate:", service.as_str()));
    let url = run_url(world, service)?;
    if !url.contains(&run) {
        return Err(Problem::Config(format!("the run's URL for {} is not of its role", service.as_str())).into());
    }
    Ok(url.replacen(&run, &owner, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(url: &str) -> World {
        serde_json::from_value(json!({
            "run_id": "", "services": {}, "issuer": "", "mesh": "", "eps": "", "demographics": "", "practice": "",
            "duty": "", "otlp": "", "audit_verifier_key": null, "pids": {}, "signer": "",
            "databases": { "intake": url },
        }))
        .expect("a world")
    }

    #[test]
    fn the_owner_is_the_role_that_migrates() {
        let url = owner_url(&world("postgres://ehub_intake_run:pw@127.0.0.1:5/ehub_intake"), ServiceName::Intake);
        assert_eq!(url.expect("a URL"), "postgres://ehub_intake_migrate:pw@127.0.0.1:5/ehub_intake");
    }

    #[test]
    fn a_url_can_come_from_a_file_as_kubernetes_mounts_it() {
        let file = std::env::temp_dir().join(format!("ehub-migrate-url-{}", std::process::id()));
        std::fs::write(&file, "postgres://owner@host/base\n").expect("a temporary file");
        assert_eq!(url_in(&file).expect("a URL"), "postgres://owner@host/base");
        std::fs::write(&file, "\n").expect("a temporary file");
        assert_eq!(output::exit::code_of(&url_in(&file).expect_err("empty")), 64);
        std::fs::remove_file(&file).expect("it is there");
        assert_eq!(output::exit::code_of(&url_in(&file).expect_err("gone")), 64);
    }

    #[test]
    fn a_run_file_without_the_database_is_a_wrong_configuration() {
        for (world, service) in
            [(world("postgres://somebody@h/d"), ServiceName::Intake), (world("postgres://x"), ServiceName::Audit)]
        {
            let error = owner_url(&world, service).expect_err("refused");
            assert_eq!(output::exit::code_of(&error), 64, "{error}");
        }
    }
}
