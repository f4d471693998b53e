//! Inside a service: which room may look into which.

use ehub_architecture_tests::{Finding, Project, Source, line_of, words};

/// Each room and the rooms of its own crate it must not name.
const FORBIDDEN: [(&str, &[&str]); 7] = [
    ("domain", &["operations", "storage", "rpc", "workers", "peers", "events", "wiring", "config", "mesh", "eps"]),
    ("storage", &["operations", "rpc", "workers", "peers", "events", "wiring", "config"]),
    ("events", &["operations", "storage", "rpc", "workers", "peers", "wiring", "config"]),
    ("operations", &["rpc", "workers", "wiring", "config"]),
    ("peers", &["operations", "storage", "rpc", "workers", "wiring"]),
    ("rpc", &["workers", "wiring"]),
    ("workers", &["rpc", "wiring"]),
];

/// What the domain may use of ours.
const DOMAIN_LIBRARIES: [&str; 2] = ["ehub_identifiers", "ehub_calendar"];
/// What the domain may not use of others: I/O, time, transport, storage.
const DOMAIN_STRANGERS: [&str; 9] =
    ["sqlx", "tonic", "prost", "prost_types", "tokio", "reqwest", "Instant", "SystemTime", "async"];

pub fn domain(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in project.production().filter(|source| source.service().is_some() && source.in_room("domain")) {
        for (place, word) in words(&source.code) {
            let ours = word.starts_with("ehub_") && !DOMAIN_LIBRARIES.contains(&word);
            if ours || DOMAIN_STRANGERS.contains(&word) {
                found.push(finding("domain", source, place, word));
            }
        }
    }
    found
}

pub fn rooms(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in project.production().filter(|source| source.service().is_some()) {
        for (room, forbidden) in FORBIDDEN {
            if !source.in_room(room) {
                continue;
            }
            for (place, named) in named_rooms(&source.code) {
                if forbidden.contains(&named.as_str()) {
                    found.push(finding("arrow", source, place, &format!("{room} names crate::{named}")));
                }
            }
        }
    }
    found
}

fn finding(rule: &'static str, source: &Source, place: usize, what: &str) -> Finding {
    let what = format!("line {}: {what}", line_of(&source.code, place));
    Finding { rule, at: source.path.clone(), what }
}

/// Rooms named as `crate::room`, also inside of `crate::{a, b::{c}}`.
fn named_rooms(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (place, word) in words(code) {
        let Some(rest) = code[place..].strip_prefix("crate::").filter(|_| word == "crate") else { continue };
        let start = place + "crate::".len();
        if !rest.starts_with('{') {
            let name = words(rest).next().map(|(_, name)| name.to_owned()).unwrap_or_default();
            found.push((start, name));
            continue;
        }
        let (mut depth, mut fresh) = (0, false);
        for (at, letter) in rest.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' => {}
                letter if letter.is_alphabetic() && fresh && depth == 1 => {
                    let name = words(&rest[at..]).next().map(|(_, name)| name.to_owned()).unwrap_or_default();
                    found.push((start + at, name));
                }
                _ => {}
            }
            fresh = depth == 1 && (letter == '{' || letter == ',' || (fresh && letter.is_whitespace()));
            if depth == 0 {
                break;
            }
        }
    }
    found
}

#[test]
fn rooms_are_seen_in_every_kind_of_use() {
    let code = "use crate::storage::a; use crate::{domain::{b, c}, rpc, config::Settings}; crate::workers::go();";
    let names: Vec<_> = named_rooms(code).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["storage", "domain", "rpc", "config", "workers"]);
}
