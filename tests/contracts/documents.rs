//! Tables generated from the contract, kept beside the other documents and checked for drift.
//!
//! `EHUB_UPDATE_DOCS=1` writes them anew.

use std::{fmt::Write as _, fs};

use ehub_contracts_tests::{AccessRule, Contract, path_of, root};
use prost_reflect::{MethodDescriptor, ServiceDescriptor};

#[test]
fn the_access_table_is_what_the_contract_says() {
    let contract = Contract::load();
    let mut text = String::from(
        "# Who may call what\n\n\
         Generated from the access rules in `proto/`; `EHUB_UPDATE_DOCS=1 cargo nextest run -E 'package(ehub-contracts-tests)'`\n\
         writes it anew. The services enforce the same rules from the same descriptors.\n\n\
         **Scopes**: any one of them admits. **Callers**: P a named person, C a client system, S another service of eHub.\n\
         **Practice**: *bound* reaches only practices the caller may act for today, others look absent; *own* concerns the\n\
         caller's own organisation; *none* carries no practice data. **Grant**: whether the grant of a claim is needed in\n\
         the metadata key `ehub-grant`.\n",
    );
    let (drafts, stable): (Vec<_>, Vec<_>) =
        contract.services().into_iter().partition(|service| service.package_name().ends_with("alpha1"));
    stable.iter().for_each(|service| access_table(&contract, service, &mut text));
    text.push_str("\n# Drafts\n\nNot served. They may change in any way until they are part of v1.\n");
    drafts.iter().for_each(|service| access_table(&contract, service, &mut text));
    is_current("docs/access.md", &text);
}

#[test]
fn the_error_table_is_what_the_contract_says() {
    let contract = Contract::load();
    let mut text = String::from(
        "# Why a call is refused\n\n\
         Generated from the `ErrorReason` enums in `proto/`; `EHUB_UPDATE_DOCS=1 cargo nextest run -E\n\
         'package(ehub-contracts-tests)'` writes it anew.\n\n\
         Every refusal is a `google.rpc.Status` whose `ErrorInfo` names a reason and a domain. Reasons are part of the\n\
         contract: they are added, never changed. The message is for people and may change.\n",
    );
    for file in contract.files() {
        for kind in file.enums().filter(|kind| kind.name() == "ErrorReason") {
            let draft = if file.package_name().ends_with("alpha1") { " (draft)" } else { "" };
            let about = contract.comment(&file, &[12]);
            let _ = write!(
                text,
                "\n## {}{draft}\n\n{about}\n\n| reason | what it means and what to do |\n|---|---|\n",
                file.package_name()
            );
            for value in kind.values().filter(|value| value.number() != 0) {
                let name = value.name().trim_start_matches("ERROR_REASON_");
                let _ = writeln!(text, "| `{name}` | {} |", cell(contract.comment(&file, value.path())));
            }
        }
    }
    is_current("docs/errors.md", &text);
}

#[test]
fn rpcs_that_need_a_grant_are_a_deliberate_list() {
    let contract = Contract::load();
    let mut text = String::new();
    for method in contract.methods() {
        let Some(rule) = contract.rule(&method) else { continue };
        if rule.grant != "NONE" {
            let _ = writeln!(text, "{} {}", rule.grant, path_of(&method));
        }
    }
    is_current("tests/contracts/grants.txt", &text);
}

fn access_table(contract: &Contract, service: &ServiceDescriptor, text: &mut String) {
    let _ = write!(
        text,
        "\n## {}\n\n| RPC | scopes | callers | practice | grant |\n|---|---|---|---|---|\n",
        service.full_name()
    );
    for method in service.methods() {
        if let Some(rule) = contract.rule(&method) {
            let _ = writeln!(text, "{}", access_row(&method, &rule));
        }
    }
}

fn access_row(method: &MethodDescriptor, rule: &AccessRule) -> String {
    let scopes: Vec<_> = rule.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let callers: Vec<_> = rule.callers.iter().map(|kind| kind.chars().take(1).collect::<String>()).collect();
    let services = if rule.services.is_empty() { String::new() } else { format!(" ({})", rule.services.join(", ")) };
    let practice = match rule.practice.as_str() {
        "BOUND" => "bound",
        "OWN_ORGANISATION" => "own",
        _ => "none",
    };
    let grant = match rule.grant.as_str() {
        "REQUIRED" => "**required**",
        "OPTIONAL" => "optional",
        _ => "–",
    };
    format!("| {} | {} | {}{services} | {practice} | {grant} |", method.name(), scopes.join(" or "), callers.join(" "))
}

fn cell(comment: &str) -> String {
    comment.replace('|', "\\|")
}

/// Compares with the file, or writes it when asked to.
fn is_current(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("EHUB_UPDATE_DOCS").is_some() {
        fs::write(&file, text).expect("the file can be written");
        return;
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let first = found.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(
        found == text,
        "{path} is not what the contract says (first difference: line {}); EHUB_UPDATE_DOCS=1 writes it anew",
        first.unwrap_or_else(|| found.lines().count().min(text.lines().count())) + 1
    );
}
