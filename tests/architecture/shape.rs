//! A reader who has learned one service has learned five.

use std::fs;

use ehub_architecture_tests::{Finding, Project};

/// What every service has.
const FILES: [&str; 6] =
    ["Cargo.toml", "src/main.rs", "src/lib.rs", "src/config.rs", "src/wiring.rs", "tests/it/main.rs"];
/// The rooms every service has, as `room.rs` or `room/`.
const ROOMS: [&str; 6] = ["domain", "operations", "rpc", "events", "storage", "workers"];
/// Arguments, configuration, build, run, drain: no more belongs into `main.rs`.
const MAIN: usize = 40;

pub fn services(_: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for service in Project::services() {
        let folder = Project::root().join("services").join(&service);
        let mut miss = |part: &str, what: &str| {
            let at = format!("services/{service}/{part}");
            found.push(Finding { rule: "shape", at, what: what.to_owned() });
        };
        FILES.iter().filter(|file| !folder.join(file).is_file()).for_each(|file| miss(file, "is missing"));
        for room in ROOMS {
            let src = folder.join("src");
            if !src.join(room).is_dir() && !src.join(format!("{room}.rs")).is_file() {
                miss(&format!("src/{room}"), "is missing");
            }
        }
        let migrations = fs::read_dir(folder.join("migrations")).into_iter().flatten().flatten();
        if migrations.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "sql")).count() == 0 {
            miss("migrations", "holds none");
        }
        let main = fs::read_to_string(folder.join("src/main.rs")).unwrap_or_default();
        if main.lines().count() > MAIN {
            miss("src/main.rs", &format!("has {} lines", main.lines().count()));
        }
    }
    found
}

pub fn module_comments(project: &Project) -> Vec<Finding> {
    let silent = project.sources.iter().filter(|source| !source.text.trim_start().starts_with("//!"));
    let mut found: Vec<_> = silent
        .filter(|source| !source.text.trim_start().starts_with("#!["))
        .map(|source| Finding {
            rule: "module-comment",
            at: source.path.clone(),
            what: "does not begin with //!".into(),
        })
        .collect();
    let mods = project.sources.iter().filter(|source| source.path.ends_with("/mod.rs"));
    found.extend(mods.map(|source| Finding {
        rule: "module-comment",
        at: source.path.clone(),
        what: "is a mod.rs".into(),
    }));
    found
}
