//! Reasons for refusal are part of the contract: named, explained, and never two for one name.

use std::collections::{BTreeMap, BTreeSet};

use ehub_contracts_tests::Contract;

/// `google.rpc.Code`, which comments name too.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];

#[test]
fn every_context_has_reasons_and_every_reason_says_what_to_do() {
    let contract = Contract::load();
    let reasons = reasons(&contract);
    let mut wrong = Vec::new();
    for service in contract.services() {
        let package = service.package_name().to_owned();
        if package != "ehub.internal.v1" && !reasons.contains_key(&package) {
            wrong.push(format!("{package}: a service and no ErrorReason"));
        }
    }
    for (package, values) in &reasons {
        for (name, comment) in values {
            // A reason without a sentence helps nobody at three in the morning.
            if !comment.ends_with('.') || comment.len() < 12 {
                wrong.push(format!("{package}.{name}: {comment:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "reasons that are not explained:\n{}", wrong.join("\n"));
}

#[test]
fn a_draft_does_not_repeat_a_reason_of_its_context() {
    let reasons = reasons(&Contract::load());
    let mut twice = Vec::new();
    for (package, values) in &reasons {
        let Some(context) = package.strip_suffix(".v1alpha1") else { continue };
        let stable = reasons.get(&format!("{context}.v1")).cloned().unwrap_or_default();
        twice.extend(values.keys().filter(|name| stable.contains_key(*name)).map(|name| format!("{package}.{name}")));
    }
    assert!(twice.is_empty(), "already in v1: {twice:?}");
}

#[test]
fn reasons_named_in_comments_exist() {
    let contract = Contract::load();
    let reasons = reasons(&contract);
    let common: BTreeSet<String> =
        reasons.get("ehub.auth.v1").into_iter().flat_map(|all| all.keys().cloned()).collect();
    let mut unknown = Vec::new();
    for service in contract.services() {
        let context = service.package_name().split('.').nth(1).unwrap_or_default().to_owned();
        let own: BTreeSet<String> = reasons
            .iter()
            .filter(|(package, _)| package.starts_with(&format!("ehub.{context}.")))
            .flat_map(|(_, all)| all.keys().cloned())
            .collect();
        for method in service.methods() {
            let comment = contract.comment(&service.parent_file(), method.path());
            for reason in after_the_word_reason(comment) {
                if !CODES.contains(&reason) && !own.contains(reason) && !common.contains(reason) {
                    unknown.push(format!("{}: {reason}", method.full_name()));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "comments name reasons that do not exist:\n{}", unknown.join("\n"));
}

/// Values of each package's `ErrorReason` without prefix, with their comments; the zero left out.
fn reasons(contract: &Contract) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for file in contract.files() {
        for kind in file.enums().filter(|kind| kind.name() == "ErrorReason") {
            let values = kind
                .values()
                .filter(|value| value.number() != 0)
                .map(|value| {
                    let name = value.name().trim_start_matches("ERROR_REASON_").to_owned();
                    (name, contract.comment(&file, value.path()).to_owned())
                })
                .collect();
            all.insert(file.package_name().to_owned(), values);
        }
    }
    all
}

/// Names in capitals that follow the word "reason" in the same sentence: `with reason A, B or C`.
fn after_the_word_reason(comment: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for sentence in comment.split(['.', ';', ':']) {
        let Some(start) = sentence.find("reason ") else { continue };
        let words = sentence[start..].split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        found.extend(words.filter(|word| word.len() > 3 && word.contains('_')));
    }
    found
}

#[test]
fn names_are_found_after_the_word_reason_only() {
    let comment =
        "FAILED_PRECONDITION with reason NOT_TRIED, SECOND_PERSON_NEEDED. The state OUT_OF_BED. No reason given";
    assert_eq!(after_the_word_reason(comment), ["NOT_TRIED", "SECOND_PERSON_NEEDED"]);
}
