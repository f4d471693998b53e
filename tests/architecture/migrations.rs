//! Migrations are promises: named, numbered once, and never changed after they were merged.
//!
//! `EHUB_UPDATE_MIGRATIONS=1` writes the checksums anew; it is for new migrations, and for changed
//! ones only as long as nobody has run a release with them.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use ehub_architecture_tests::{Finding, Project};
use sha2::{Digest, Sha256};

/// Below this number: what every service has (`libs/postgres`). From it on: a service's own.
const FIRST_OF_A_SERVICE: u32 = 100;

pub fn names(_: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for (folder, files) in folders() {
        let foundation = folder == "libs/postgres/migrations";
        let mut numbers: BTreeMap<u32, String> = BTreeMap::new();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut wrong = |what: String| found.push(Finding { rule: "migration", at: folder.clone(), what });
            let Some(number) = number_of(&name) else {
                wrong(format!("{name} is not NNNN_what_it_does.sql"));
                continue;
            };
            if (number < FIRST_OF_A_SERVICE) != foundation {
                wrong(format!(
                    "{name}: numbers below {FIRST_OF_A_SERVICE} belong to the foundation, others to services"
                ));
            }
            if let Some(other) = numbers.insert(number, name.clone()) {
                wrong(format!("{name} and {other} have one number"));
            }
        }
    }
    found
}

#[test]
fn merged_migrations_do_not_change() {
    let committed = Project::root().join("tests/architecture/migrations.sha256");
    let mut text = String::new();
    for file in folders().into_values().flatten() {
        let digest = Sha256::digest(fs::read(&file).expect("a migration can be read"));
        let hex = digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let path = file.strip_prefix(Project::root()).expect("inside").to_string_lossy().into_owned();
        let _ = writeln!(text, "{hex}  {path}");
    }
    if std::env::var_os("EHUB_UPDATE_MIGRATIONS").is_some() {
        fs::write(&committed, &text).expect("the checksums can be written");
        return;
    }
    let known = fs::read_to_string(&committed).unwrap_or_default();
    let changed: Vec<_> = known.lines().filter(|line| !text.contains(line)).collect();
    assert!(changed.is_empty(), "changed or gone; write a new migration instead:\n{}", changed.join("\n"));
    let new: Vec<_> = text.lines().filter(|line| !known.contains(line)).collect();
    assert!(new.is_empty(), "new; EHUB_UPDATE_MIGRATIONS=1 records them:\n{}", new.join("\n"));
}

/// Each folder of migrations with its files, in order.
fn folders() -> BTreeMap<String, Vec<PathBuf>> {
    let mut folders = BTreeMap::new();
    let services = Project::services().into_iter().map(|service| format!("services/{service}/migrations"));
    for folder in services.chain(["libs/postgres/migrations".to_owned()]) {
        let entries = fs::read_dir(Project::root().join(&folder)).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        folders.insert(folder, files);
    }
    folders
}

/// The number of `0100_what_it_does.sql`.
fn number_of(name: &str) -> Option<u32> {
    let (number, rest) = name.strip_suffix(".sql")?.split_once('_')?;
    let words = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    (number.len() == 4 && words).then(|| number.parse().ok()).flatten()
}

#[test]
fn a_migration_says_what_it_does() {
    assert_eq!(number_of("0100_register.sql"), Some(100));
    for wrong in ["100_register.sql", "0100.sql", "0100_Register.sql", "0100_register.txt", "0100-register.sql"] {
        assert_eq!(number_of(wrong), None, "{wrong}");
    }
}
