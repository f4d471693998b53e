//! Every element says what it is.

use ehub_contracts_tests::Contract;
use prost_reflect::{EnumDescriptor, MessageDescriptor};

#[test]
fn every_element_is_commented() {
    let contract = Contract::load();
    let mut missing = Vec::new();
    for file in contract.files() {
        for service in file.services() {
            need(&contract, &mut missing, &file, service.path(), service.full_name());
            for method in service.methods() {
                need(&contract, &mut missing, &file, method.path(), method.full_name());
            }
        }
        file.messages().for_each(|message| message_comments(&contract, &mut missing, &message));
        file.enums().for_each(|kind| enum_comments(&contract, &mut missing, &kind));
        for extension in file.extensions() {
            need(&contract, &mut missing, &file, extension.path(), extension.full_name());
        }
    }
    assert!(missing.is_empty(), "without a comment:\n{}", missing.join("\n"));
}

#[test]
fn required_fields_are_said_where_a_call_would_be_refused() {
    let contract = Contract::load();
    let mut silent = Vec::new();
    for method in contract.public_methods() {
        let request = method.input();
        for field in request.fields() {
            let comment = contract.comment(&request.parent_file(), field.path());
            let wanted = ["request_id", "etag"].contains(&field.name()) || field.name() == "name";
            if wanted && !comment.contains("Required") && !comment.contains("Empty") {
                silent.push(field.full_name().to_owned());
            }
        }
    }
    assert!(silent.is_empty(), "say whether it is required:\n{}", silent.join("\n"));
}

fn message_comments(contract: &Contract, missing: &mut Vec<String>, message: &MessageDescriptor) {
    if message.is_map_entry() {
        return;
    }
    let file = message.parent_file();
    need(contract, missing, &file, message.path(), message.full_name());
    for field in message.fields() {
        need(contract, missing, &file, field.path(), field.full_name());
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        need(contract, missing, &file, oneof.path(), oneof.full_name());
    }
    message.child_messages().for_each(|child| message_comments(contract, missing, &child));
    message.child_enums().for_each(|child| enum_comments(contract, missing, &child));
}

fn enum_comments(contract: &Contract, missing: &mut Vec<String>, kind: &EnumDescriptor) {
    let file = kind.parent_file();
    need(contract, missing, &file, kind.path(), kind.full_name());
    for value in kind.values() {
        need(contract, missing, &file, value.path(), value.full_name());
    }
}

fn need(
    contract: &Contract,
    missing: &mut Vec<String>,
    file: &prost_reflect::FileDescriptor,
    path: &[i32],
    name: &str,
) {
    if contract.comment(file, path).is_empty() {
        missing.push(name.to_owned());
    }
}
