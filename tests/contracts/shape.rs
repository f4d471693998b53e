//! One shape for every package, RPC, list and enum.

use std::collections::BTreeMap;

use ehub_contracts_tests::{Contract, path_of, reads};
use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

#[test]
fn a_package_is_its_folder_and_ends_in_a_version() {
    for file in Contract::load().files() {
        let folder = file.name().rsplit_once('/').map_or("", |(folder, _)| folder);
        assert_eq!(folder.replace('/', "."), file.package_name(), "{}", file.name());
        let version = file.package_name().rsplit('.').next().unwrap_or_default();
        assert!(["v1", "v1alpha1"].contains(&version), "{}: version {version}", file.name());
    }
}

#[test]
fn stable_packages_do_not_rest_on_drafts() {
    for file in Contract::load().files() {
        if !file.package_name().ends_with("alpha1") {
            for dependency in file.dependencies() {
                assert!(
                    !dependency.package_name().ends_with("alpha1"),
                    "{} imports {}",
                    file.name(),
                    dependency.name()
                );
            }
        }
    }
}

#[test]
fn what_is_sent_with_its_body_is_an_event_of_another() {
    let contract = Contract::load();
    let events: Vec<_> = contract
        .files()
        .filter(|file| file.package_name().ends_with(".event.v1"))
        .flat_map(|file| file.messages().map(|message| message.full_name().to_owned()).collect::<Vec<_>>())
        .collect();
    for service in ["intake", "allocation", "writeback", "prescribing"] {
        for kind in ehub_proto::read_by(service) {
            assert!(events.iter().any(|event| event == kind), "{service} reads {kind}, which is none");
            assert!(!kind.starts_with(&format!("ehub.{service}.")), "{service} reads its own {kind}");
        }
    }
}

#[test]
fn requests_and_responses_belong_to_one_rpc() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for method in Contract::load().methods() {
        let path = path_of(&method);
        for (message, ending) in [(method.input(), "Request"), (method.output(), "Response")] {
            assert_eq!(message.name(), format!("{}{ending}", method.name()), "{path}");
            assert_eq!(message.package_name(), method.parent_service().package_name(), "{path}");
            if let Some(other) = seen.insert(message.full_name().to_owned(), path.clone()) {
                panic!("{} is used by {other} and {path}", message.full_name());
            }
        }
        assert!(!method.is_client_streaming(), "{path}: uploads come in pieces, each with its own answer");
        assert!(!method.is_server_streaming() || reads(&method), "{path}: only reads stream");
    }
}

#[test]
fn everything_that_changes_something_takes_a_request_id() {
    let mut wrong = Vec::new();
    for method in Contract::load().public_methods() {
        let field = method.input().get_field_by_name("request_id");
        let good = field.as_ref().is_some_and(|field| field.number() == 1 && field.kind() == Kind::String);
        if reads(&method) && field.is_some() {
            wrong.push(format!("{}: a read needs no request_id", path_of(&method)));
        }
        if !reads(&method) && !good {
            wrong.push(format!("{}: `string request_id = 1` is missing", path_of(&method)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lists_have_pages() {
    let mut wrong = Vec::new();
    for method in Contract::load().public_methods() {
        if !method.name().starts_with("List") {
            continue;
        }
        let (request, response) = (method.input(), method.output());
        let size = field_is(&request, "page_size", 1, &Kind::Int32);
        let token = field_is(&request, "page_token", 2, &Kind::String);
        let next = response.get_field_by_name("next_page_token").is_some_and(|field| field.kind() == Kind::String);
        let rows = response.fields().any(|field| field.is_list() && field.number() == 1);
        if !(size && token && next && rows) {
            wrong.push(path_of(&method));
        }
    }
    assert!(wrong.is_empty(), "lists without the shape of a page:\n{}", wrong.join("\n"));
}

#[test]
fn enums_begin_with_unspecified_and_carry_their_name() {
    let contract = Contract::load();
    let mut wrong = Vec::new();
    for file in contract.files() {
        file.enums().for_each(|kind| check_enum(&kind, &mut wrong));
        file.messages().for_each(|message| check_enums_within(&message, &mut wrong));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reading_alone_never_goes_by_a_changing_name() {
    assert!(reads(&method("GetConsultation")));
    assert!(!reads(&method("SubmitConsultation")));
}

fn method(name: &str) -> prost_reflect::MethodDescriptor {
    Contract::load().methods().into_iter().find(|method| method.name() == name).expect("part of the contract")
}

fn field_is(message: &MessageDescriptor, name: &str, number: u32, kind: &Kind) -> bool {
    message.get_field_by_name(name).is_some_and(|field| field.number() == number && field.kind() == *kind)
}

fn check_enums_within(message: &MessageDescriptor, wrong: &mut Vec<String>) {
    message.child_enums().for_each(|kind| check_enum(&kind, wrong));
    message.child_messages().for_each(|child| check_enums_within(&child, wrong));
}

fn check_enum(kind: &EnumDescriptor, wrong: &mut Vec<String>) {
    let prefix = upper_snake(kind.name());
    for value in kind.values() {
        if !value.name().starts_with(&format!("{prefix}_")) {
            wrong.push(format!("{}: does not begin with {prefix}_", value.full_name()));
        }
    }
    let zero = kind.get_value(0);
    if zero.is_none_or(|zero| zero.name() != format!("{prefix}_UNSPECIFIED")) {
        wrong.push(format!("{}: zero is not {prefix}_UNSPECIFIED", kind.full_name()));
    }
}

fn upper_snake(name: &str) -> String {
    let mut snake = String::new();
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_uppercase());
    }
    snake
}
