//! Every RPC says who may call it, and saying it is not optional.

use ehub_contracts_tests::{Contract, path_of, reads};

#[test]
fn every_rpc_has_a_complete_rule() {
    let contract = Contract::load();
    let mut wrong = Vec::new();
    for method in contract.methods() {
        let path = path_of(&method);
        let Some(rule) = contract.rule(&method) else {
            wrong.push(format!("{path}: no rule"));
            continue;
        };
        if rule.scopes.is_empty() || rule.scopes.iter().any(|scope| !is_scope(scope)) {
            wrong.push(format!("{path}: scopes {:?}", rule.scopes));
        }
        if rule.callers.is_empty()
            || rule.callers.iter().any(|kind| !["PERSON", "CLIENT", "SERVICE"].contains(&&**kind))
        {
            wrong.push(format!("{path}: callers {:?}", rule.callers));
        }
        if !["BOUND", "OWN_ORGANISATION", "NONE"].contains(&rule.practice.as_str()) {
            wrong.push(format!("{path}: practice binding {:?}", rule.practice));
        }
        if !["REQUIRED", "OPTIONAL", "NONE"].contains(&rule.grant.as_str()) {
            wrong.push(format!("{path}: grant {:?}", rule.grant));
        }
    }
    assert!(wrong.is_empty(), "incomplete access rules:\n{}", wrong.join("\n"));
}

#[test]
fn a_grant_is_asked_of_people_about_patients_only() {
    let contract = Contract::load();
    let wrong: Vec<_> = contract
        .methods()
        .into_iter()
        .filter_map(|method| contract.rule(&method).map(|rule| (path_of(&method), rule)))
        .filter(|(_, rule)| rule.grant == "REQUIRED" && (rule.callers != ["PERSON"] || rule.practice != "BOUND"))
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "a claim belongs to a person and concerns a practice's patient: {wrong:?}");
}

#[test]
fn a_scope_for_reading_never_changes_anything() {
    let contract = Contract::load();
    let wrong: Vec<_> = contract
        .public_methods()
        .into_iter()
        .filter(|method| !reads(method))
        .filter(|method| {
            contract.rule(method).is_some_and(|rule| rule.scopes.iter().any(|scope| scope.ends_with(".read")))
        })
        .map(|method| path_of(&method))
        .collect();
    assert!(wrong.is_empty(), "changes something under a scope for reading: {wrong:?}");
}

#[test]
fn internal_calls_are_for_services_and_public_ones_are_not() {
    let contract = Contract::load();
    let mut wrong = Vec::new();
    for method in contract.methods() {
        let Some(rule) = contract.rule(&method) else { continue };
        let operator = method.parent_service().name() == "Streams";
        // What operators do about the outbox is on the internal port, in their own name and under scopes of its own.
        if operator {
            let scopes = rule.scopes.iter().all(|scope| scope.starts_with("stream."));
            if rule.callers != ["PERSON"] || !scopes {
                wrong.push(path_of(&method));
            }
            continue;
        }
        let internal = method.parent_service().package_name() == "ehub.internal.v1";
        let service = rule.callers.iter().any(|kind| kind == "SERVICE");
        let internal_scope = rule.scopes.iter().any(|scope| scope == "ehub.internal");
        if internal != service || internal != internal_scope || (internal && rule.callers.len() != 1) {
            wrong.push(path_of(&method));
        }
    }
    assert!(wrong.is_empty(), "callers and port do not fit: {wrong:?}");
}

/// Lower-case words joined by full stops: `consultation.read`.
fn is_scope(scope: &str) -> bool {
    scope.contains('.') && scope.split('.').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()))
}
