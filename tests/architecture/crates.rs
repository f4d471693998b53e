//! Which crate knows which, from Cargo's own account.

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use ehub_architecture_tests::{Finding, Project};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["common", "shared", "core", "utils", "util", "helpers", "misc", "base"];

pub fn services_apart(_: &Project) -> Vec<Finding> {
    findings("service-knows-service", |package| {
        let service = folder_of(package).starts_with("services/");
        let others = package.dependencies.iter().filter(|dependency| is_service(&dependency.name));
        others.filter(|_| service).map(|dependency| format!("depends on {}", dependency.name)).collect()
    })
}

pub fn libraries_below_services(_: &Project) -> Vec<Finding> {
    findings("library-knows-service", |package| {
        let below = ["libs/", "tests/support"].iter().any(|folder| folder_of(package).starts_with(folder));
        let services = package.dependencies.iter().filter(|dependency| is_service(&dependency.name));
        services.filter(|_| below).map(|dependency| format!("depends on {}", dependency.name)).collect()
    })
}

pub fn names(_: &Project) -> Vec<Finding> {
    findings("empty-name", |package| {
        let folder = folder_of(package);
        let last = folder.rsplit('/').next().unwrap_or_default();
        EMPTY_NAMES.iter().filter(|name| last == **name).map(|name| format!("is called {name}")).collect()
    })
}

pub fn opentelemetry(_: &Project) -> Vec<Finding> {
    findings("opentelemetry-crate", |package| {
        let owner = ["libs/telemetry", "cli", "tests/"].iter().any(|folder| folder_of(package).starts_with(folder));
        let dependencies = package.dependencies.iter().filter(|dependency| {
            dependency.kind == DependencyKind::Normal && dependency.name.contains("opentelemetry")
        });
        dependencies.filter(|_| !owner).map(|dependency| format!("depends on {}", dependency.name)).collect()
    })
}

fn findings(rule: &'static str, wrong: impl Fn(&Package) -> Vec<String>) -> Vec<Finding> {
    let metadata = MetadataCommand::new()
        .manifest_path(Project::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata answers");
    metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| {
            wrong(package)
                .into_iter()
                .map(|what| Finding { rule, at: package.name.to_string(), what })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn folder_of(package: &Package) -> String {
    let folder = package.manifest_path.parent().map(ToString::to_string).unwrap_or_default();
    let root = Project::root().to_string_lossy().into_owned();
    folder.trim_start_matches(&root).trim_start_matches('/').to_owned()
}

fn is_service(crate_name: &str) -> bool {
    Project::services().iter().any(|service| crate_name == format!("ehub-{service}"))
}
