//! What is let in from outside: under which licences, from where, and what never.

use std::{collections::BTreeSet, process::Command};

use cargo_metadata::{MetadataCommand, Package};
use ehub_architecture_tests::{Finding, Project};

/// Licences (SPDX) that ask for no more than a notice.
const LICENCES: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Where crates come from.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that are never built in, and what is there instead.
const BANNED: [(&str, &str); 6] = [
    ("openssl-sys", "TLS and cryptography are rustls and aws-lc-rs"),
    ("native-tls", "TLS is rustls"),
    ("ring", "cryptography is aws-lc-rs, once"),
    ("chrono", "time is `time` for moments and `jiff` for calendars"),
    ("libsqlite3-sys", "the database is PostgreSQL"),
    ("protobuf", "messages are prost's"),
];

pub fn licences(_: &Project) -> Vec<Finding> {
    let wrong = |package: &Package| match &package.license {
        None => Some("names no licence".to_owned()),
        Some(text) if permits(text) => None,
        Some(text) => Some(format!("is under {text}")),
    };
    findings("licence", wrong)
}

pub fn sources(_: &Project) -> Vec<Finding> {
    let wrong = |package: &Package| {
        let source = package.source.as_ref()?;
        (source.repr != SOURCE).then(|| format!("comes from {}", source.repr))
    };
    findings("source", wrong)
}

pub fn bans(_: &Project) -> Vec<Finding> {
    let wrong = |package: &Package| {
        let (_, instead) = BANNED.iter().find(|(name, _)| *name == package.name.as_str())?;
        Some(format!("is banned: {instead}"))
    };
    findings("ban", wrong)
}

fn findings(rule: &'static str, wrong: impl Fn(&Package) -> Option<String>) -> Vec<Finding> {
    let metadata = MetadataCommand::new()
        .manifest_path(Project::root().join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo metadata answers");
    let built = built();
    assert!(built.len() > 100, "cargo tree names what is built: {}", built.len());
    let packages =
        metadata.packages.iter().filter(|package| built.contains(&format!("{} v{}", package.name, package.version)));
    packages.filter_map(|package| Some(Finding { rule, at: package.name.to_string(), what: wrong(package)? })).collect()
}

/// What the workspace is really made of, by name and version: the lock file, and Cargo's account of it, name crates too
/// that no chosen feature needs.
fn built() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--prefix", "none", "--format", "{p}"])
        .current_dir(Project::root())
        .output()
        .expect("cargo tree answers");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Whether an SPDX expression leaves a choice that we take. `/` is the older way to write OR.
fn permits(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let words: Vec<String> = spaced.split_whitespace().map(|word| word.replace("+WITH+", " WITH ")).collect();
    let mut rest = words.as_slice();
    either(&mut rest) && rest.is_empty()
}

fn either(rest: &mut &[String]) -> bool {
    let mut good = both(rest);
    while rest.first().is_some_and(|word| word == "OR") {
        *rest = &rest[1..];
        good |= both(rest);
    }
    good
}

fn both(rest: &mut &[String]) -> bool {
    let mut good = one(rest);
    while rest.first().is_some_and(|word| word == "AND") {
        *rest = &rest[1..];
        good &= one(rest);
    }
    good
}

fn one(rest: &mut &[String]) -> bool {
    let Some((first, others)) = rest.split_first() else { return false };
    *rest = others;
    if first != "(" {
        return LICENCES.contains(&first.as_str());
    }
    let good = either(rest);
    let closed = rest.first().is_some_and(|word| word == ")");
    *rest = rest.get(1..).unwrap_or_default();
    good && closed
}

#[test]
fn licences_are_understood() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "Apache-2.0 / MIT",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        "MIT OR Apache-2.0 OR LGPL-2.1-or-later",
        "ISC AND (Apache-2.0 OR ISC) AND MIT",
    ] {
        assert!(permits(good), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC", "MIT ISC", "GPL-2.0 WITH Classpath-exception-2.0"] {
        assert!(!permits(bad), "{bad}");
    }
}
