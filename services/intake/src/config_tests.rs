//! What production refuses.

use std::path::Path;

use super::*;

fn settings(url: &str, rules: &Path) -> Settings {
    let json = serde_json::json!({
        "patient_key": "0123456789abcdef0123456789abcdef",
        "screening": { "rules_file": rules },
        "demographics": { "url": url },
        "mesh": {
            "connection": { "url": "http://127.0.0.1:9", "mailbox": "HUBINT01", "password": "p", "shared_key": "k" },
            "owner_ods": "H8H01", "owner_name": "Northside Access Hub", "duty_contact": "http://127.0.0.1:9/alerts"
        }
    });
    serde_json::from_value(json).expect("well formed")
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/sample-screening.json")
}

#[test]
fn production_refuses_development_parts() {
    let wrong = settings("http://127.0.0.1:9/FHIR/R4", &sample()).objections(Profile::Production);
    for key in ["rules_file", "duty_contact", "mesh.connection.url", "demographics.url"] {
        assert!(wrong.iter().any(|objection| objection.contains(key)), "{key}: {wrong:?}");
    }
}

#[test]
fn development_takes_them() {
    let settings = settings("http://127.0.0.1:9/FHIR/R4", &sample());
    assert_eq!(settings.objections(Profile::Development), Vec::<String>::new());
}

#[test]
fn a_missing_rule_file_is_named() {
    let wrong = settings("https://pds.example/FHIR/R4", Path::new("/nowhere.json")).objections(Profile::Development);
    assert_eq!(wrong.len(), 1);
}
