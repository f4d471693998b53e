//! Things that are done in one place, and where that is.

use ehub_architecture_tests::{Finding, Project, Source, line_of, words};

/// Rooms of a service that speak the wire's language: the border, adapters to the outside, and
/// `wiring`, which hands the generated servers their implementations.
const BORDER: [&str; 10] =
    ["rpc", "events", "peers", "mesh", "eps", "demographics", "document", "leaf", "duty", "wiring"];
/// Libraries whose business is PostgreSQL.
const SQL_LIBRARIES: [&str; 7] =
    ["libs/postgres/", "libs/outbox/", "libs/access/", "libs/fence/", "libs/host/", "libs/roots/", "libs/streams/"];
/// What makes a `tonic::Status`. Reading one out of a transport's error (`from_error`) does not.
const STATUS_MAKERS: [&str; 21] = [
    "new",
    "ok",
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
    "with_details",
    "with_metadata",
    "with_details_and_metadata",
];

pub fn proto(project: &Project) -> Vec<Finding> {
    each_word(project, "proto", &["ehub_proto"], |source, _, _| {
        let border = BORDER.iter().any(|room| source.in_room(room));
        source.service().is_some() && !border
    })
}

pub fn sqlx(project: &Project) -> Vec<Finding> {
    each_word(project, "sqlx", &["sqlx"], |source, place, _| {
        let library = SQL_LIBRARIES.iter().any(|folder| source.path.starts_with(folder));
        let storage = source.service().is_some() && source.in_room("storage");
        // A service names its migrations where it declares them and where it hands them over.
        let declares = ["lib.rs", "wiring.rs"].contains(&source.inner());
        let migrations = declares && source.code[place..].starts_with("sqlx::migrate");
        !library && !storage && !migrations
    })
}

pub fn opentelemetry(project: &Project) -> Vec<Finding> {
    const CRATES: [&str; 6] = [
        "opentelemetry",
        "opentelemetry_sdk",
        "opentelemetry_otlp",
        "opentelemetry_proto",
        "opentelemetry_appender_tracing",
        "tracing_opentelemetry",
    ];
    each_word(project, "opentelemetry", &CRATES, |source, _, _| {
        // The command line shows what a development collector received.
        let owners = ["libs/telemetry/", "cli/src/dev/otlp.rs"];
        !owners.iter().any(|owner| source.path.starts_with(owner))
    })
}

pub fn environment(project: &Project) -> Vec<Finding> {
    const READS: [&str; 6] = ["env::var", "env::vars", "env::var_os", "env::vars_os", "env::args", "env::args_os"];
    each_word(project, "environment", &["env"], |source, place, _| {
        let place_for_it =
            ["libs/config/", "libs/host/src/start.rs", "cli/"].iter().any(|at| source.path.starts_with(at));
        let rest = &source.code[place..];
        // `std::env::consts` is about the machine the program was built for.
        let import = source.code[..place].ends_with("std::") && !rest.starts_with("env::consts");
        !place_for_it && (import || READS.iter().any(|read| rest.starts_with(read)))
    })
}

pub fn statuses(project: &Project) -> Vec<Finding> {
    each_word(project, "status", &["Status"], |source, place, _| {
        let Some(rest) = source.code[place..].strip_prefix("Status::") else { return false };
        let maker = words(rest).next().filter(|(at, _)| *at == 0).map(|(_, maker)| maker);
        !source.path.starts_with("libs/faults/") && maker.is_some_and(|maker| STATUS_MAKERS.contains(&maker))
    })
}

pub fn work_role(project: &Project) -> Vec<Finding> {
    each_word(project, "work-role", &["work_db"], |source, _, _| {
        let wired = source.inner() == "wiring.rs" || source.path.starts_with("libs/host/");
        !wired && !source.in_room("workers")
    })
}

pub fn instrument(project: &Project) -> Vec<Finding> {
    each_word(project, "instrument", &["instrument"], |source, place, _| {
        let before = source.code[..place].trim_end().trim_end_matches("tracing::").trim_end();
        let rest = &source.code[place..];
        let attribute = &rest[..rest.find(']').unwrap_or(rest.len())];
        before.ends_with("#[") && !attribute.contains("skip_all")
    })
}

pub fn unbounded(project: &Project) -> Vec<Finding> {
    const NAMES: [&str; 5] = ["unbounded_channel", "UnboundedSender", "UnboundedReceiver", "unbounded", "channel"];
    each_word(project, "unbounded", &NAMES, |source, place, word| {
        // The standard library's `channel` has no bound; its `sync_channel` has, and tokio's too.
        word != "channel" || source.code[..place].ends_with("std::sync::mpsc::")
    })
}

/// Looks at every place where one of some words stands in the code.
fn each_word(
    project: &Project,
    rule: &'static str,
    looked_for: &[&str],
    wrong: impl Fn(&Source, usize, &str) -> bool,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in project.production() {
        for (place, word) in words(&source.code) {
            if looked_for.contains(&word) && wrong(source, place, word) {
                let line = line_of(&source.code, place);
                found.push(Finding { rule, at: source.path.clone(), what: format!("line {line}: {word}") });
            }
        }
    }
    found
}
