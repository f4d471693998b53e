//! The release guard bites: breaking the contract on purpose, in a copy, must be seen.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ehub_contracts_tests::root;

#[test]
fn the_contract_is_clean_and_keeps_the_last_release() {
    let copy = Copy::of_proto("clean");
    copy.passes("lint");
    copy.passes("breaking");
}

#[test]
fn a_field_that_changes_its_type_is_seen() {
    let copy = Copy::of_proto("field_type");
    copy.replace(
        "ehub/intake/v1/consultation.proto",
        "string supplier_reference = 3;",
        "int64 supplier_reference = 3;",
    );
    copy.fails("breaking", "supplier_reference");
}

#[test]
fn a_field_that_goes_is_seen() {
    let copy = Copy::of_proto("field_gone");
    copy.replace("ehub/allocation/v1/work_item.proto", "string topic = 9;", "reserved 9;");
    copy.fails("breaking", "topic");
}

#[test]
fn an_event_that_changes_is_seen() {
    let copy = Copy::of_proto("event");
    copy.replace("ehub/intake/event/v1/events.proto", "int32 patient_age = 14;", "int32 patient_age = 44;");
    copy.fails("breaking", "patient_age");
}

#[test]
fn a_release_that_breaks_the_last_one_is_refused() {
    let copy = Copy::of_proto("release");
    copy.replace("ehub/audit/v1/audit.proto", "int64 received = 2;", "string received = 2;");
    let before = fs::read(copy.folder.join("released.binpb")).expect("the release is there");
    copy.fails("release", "received");
    assert_eq!(
        fs::read(copy.folder.join("released.binpb")).expect("still there"),
        before,
        "the release was written over"
    );
}

#[test]
fn a_draft_may_change() {
    let copy = Copy::of_proto("draft");
    copy.replace("ehub/intake/v1alpha1/message.proto", "string failure = 7;", "int64 failure = 7;");
    copy.passes("breaking");
}

#[test]
fn an_element_without_a_comment_is_seen() {
    let copy = Copy::of_proto("comment");
    copy.replace("ehub/audit/v1/audit.proto", "  // The event's UUID.\n", "");
    copy.fails("lint", "comment");
}

/// A copy of `proto/` that a test may break.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn of_proto(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("proto_{name}"));
        let _ = fs::remove_dir_all(&folder);
        copy_folder(&root().join("proto"), &folder);
        Self { folder }
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).expect("the file is there");
        assert!(text.contains(old), "{file} no longer holds {old:?}: break something else");
        fs::write(path, text.replacen(old, new, 1)).expect("the copy can be written");
    }

    fn run(&self, command: &str) -> Output {
        let script = root().join("scripts/proto");
        Command::new(script).arg(command).env("EHUB_PROTO", &self.folder).output().expect("scripts/proto runs")
    }

    fn passes(&self, command: &str) {
        let output = self.run(command);
        assert!(output.status.success(), "scripts/proto {command} failed:\n{}", said(&output));
    }

    fn fails(&self, command: &str, naming: &str) {
        let output = self.run(command);
        let said = said(&output);
        // 69 means that buf is missing: that proves nothing about the contract.
        assert_ne!(output.status.code(), Some(69), "{said}");
        assert!(!output.status.success(), "scripts/proto {command} saw nothing");
        assert!(said.contains(naming), "scripts/proto {command} does not name {naming}:\n{said}");
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}
