//! Every reason of the catalogue is produced by a test: by the attack from outside, or by a named test of ours.
//!
//! `reasons.txt` says which. The attack checks that it has seen what the list leaves to it (`tests/attack/checks.py`).

use std::{collections::BTreeMap, fs};

use ehub_contracts_tests::{Contract, root};
use prost_reflect::EnumValueDescriptor;

/// Who produces a reason: `attack`, or `path/of/test.rs::name_of_the_test`.
fn list() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("tests/contracts/reasons.txt")).expect("the list is there");
    let mut list = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (reason, by) = line.split_once(' ').expect("a reason and who produces it");
        assert!(list.insert(reason.to_owned(), by.to_owned()).is_none(), "{reason} stands twice");
    }
    list
}

/// Whether a value is no longer sent.
fn is_deprecated(value: &EnumValueDescriptor) -> bool {
    value.enum_value_descriptor_proto().options.as_ref().is_some_and(|options| options.deprecated())
}

#[test]
fn every_reason_says_who_produces_it() {
    let contract = Contract::load();
    let mut reasons: Vec<String> = Vec::new();
    for file in contract.files().filter(|file| file.package_name().ends_with(".v1")) {
        let context = file.package_name().split('.').nth(1).unwrap_or_default().to_owned();
        for kind in file.enums().filter(|kind| kind.name() == "ErrorReason") {
            let names = kind.values().filter(|value| value.number() != 0 && !is_deprecated(value));
            reasons
                .extend(names.map(|value| format!("{context}.{}", value.name().trim_start_matches("ERROR_REASON_"))));
        }
    }
    reasons.sort();
    let listed: Vec<String> = list().into_keys().collect();
    let missing: Vec<_> = reasons.iter().filter(|reason| !listed.contains(reason)).collect();
    let stale: Vec<_> = listed.iter().filter(|reason| !reasons.contains(reason)).collect();
    assert!(missing.is_empty(), "reasons nobody produces (tests/contracts/reasons.txt): {missing:?}");
    assert!(stale.is_empty(), "reasons that are no more: {stale:?}");
}

#[test]
fn the_tests_that_are_named_are_there_and_ask_for_the_reason() {
    let mut wrong = Vec::new();
    for (reason, by) in list() {
        if by == "attack" {
            continue;
        }
        let name = reason.split_once('.').map_or(reason.as_str(), |(_, name)| name);
        match by.split_once("::").and_then(|(path, test)| body_of(path, test)) {
            None => wrong.push(format!("{reason}: there is no test {by}")),
            Some(body) if !body.contains(&format!("\"{name}\"")) => {
                wrong.push(format!("{reason}: {by} does not ask for it"))
            }
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text of a test function, up to the next item; `None` when there is no such test.
fn body_of(path: &str, test: &str) -> Option<String> {
    let text = fs::read_to_string(root().join(path)).ok()?;
    let start = text.find(&format!("fn {test}("))?;
    let attributes = text[..start].lines().rev().take(3);
    if !attributes.into_iter().any(|line| line.trim_start().starts_with("#[") && line.contains("test")) {
        return None;
    }
    let end = text[start..].find("\n}").or_else(|| text[start..].find("\n    }")).unwrap_or(text.len() - start);
    let inner = text[start..].find("\n    }\n").filter(|_| path.contains("/src/")).unwrap_or(end);
    Some(text[start..start + inner.min(end)].to_owned())
}

#[test]
fn a_test_that_is_not_there_is_not_found() {
    assert!(body_of("tests/contracts/produced.rs", "a_test_that_is_not_there_is_not_found").is_some());
    assert!(body_of("tests/contracts/produced.rs", "nobody_wrote_this").is_none());
    assert!(body_of("tests/contracts/produced.rs", "list").is_none(), "a function that is no test");
}

#[test]
fn the_exceptions_of_the_attack_only_become_fewer() {
    /// Change it downwards only, and with the file.
    const MOST: usize = 4;
    let text = fs::read_to_string(root().join("tests/attack/exceptions.txt")).expect("the file is there");
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(lines.first(), Some(&format!("at most {MOST}").as_str()), "the number stands there and here");
    assert_eq!(lines.len() - 1, MOST, "cases every RPC must have, and an RPC has not");
    for line in &lines[1..] {
        let [_, kind, why] = line.split(" | ").collect::<Vec<_>>()[..] else { panic!("{line}: RPC | kind | why") };
        let by = why.rsplit(' ').next().and_then(|by| by.split_once("::"));
        let body = by.and_then(|(path, test)| body_of(path, test)).unwrap_or_else(|| panic!("{line}: no such test"));
        let asks = if kind == "replay: other" { "\"REQUEST_ID_REUSED\"" } else { "\"ehub-replayed\"" };
        assert!(body.contains(asks), "{line}: the test does not ask for {asks}");
    }
}
