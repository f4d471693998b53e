//! The configuration files of a development run, one for each service, as a deployer would write them.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::{
    databases::{Databases, SERVICES},
    issuer::{AUDIENCE, service_subject},
    keys::authority_file,
    paths::Paths,
    world::{HUB, HUB_NAME, INTAKE_MAILBOX, MAILBOX_PASSWORD, MESH_SHARED_KEY, WRITEBACK_MAILBOX},
};
use crate::world::World;

/// The audience of grants in development.
const GRANT_AUDIENCE: &str = "ehub-grants";

/// The first line of every checkpoint in development.
pub const AUDIT_ORIGIN: &str = "ehub.example/development";

/// A service's configuration file.
pub fn of(
    service: &str,
    world: &World,
    databases: &Databases,
    paths: &Paths,
    issuers: &[Value],
) -> anyhow::Result<String> {
    let keys = paths.run.join("keys");
    let key = |name: &str| keys.join(name).display().to_string();
    let mut peers = Map::new();
    for peer in SERVICES {
        let address = world.services.get(peer).map(|addresses| addresses.internal.clone()).unwrap_or_default();
        peers.insert(peer.to_owned(), json!({ "uri": address }));
    }
    let settings = match service {
        "intake" => intake(world, paths, &key("patient-key")),
        "allocation" => allocation(world, paths, &key("grant-key.pem")),
        "writeback" => writeback(world),
        "prescribing" => prescribing(world, paths, &key("patient-key")),
        _ => audit(&key("audit-key.pem")),
    };
    let config = json!({
        "profile": "development",
        "pages_key": { "file": key("pages-key") },
        "server": server(service, world),
        "database": {
            "run_url": databases.url(service, "run"),
            "work_url": databases.url(service, "work"),
            "migrate_url": databases.url(service, "migrate"),
            "work_connections": 10,
        },
        "auth": auth(&world.issuer, &key("jwks.json"), &key("grant-jwks.json"), issuers),
        "telemetry": { "format": "json", "filter": "info", "otlp_endpoint": world.otlp },
        "identity": { "token_file": paths.run.join("tokens").join(service) },
        "peers": peers,
        "outbox": { "poll": "500ms" },
        "service": settings,
    });
    Ok(toml::to_string_pretty(&config)?)
}

fn server(service: &str, world: &World) -> Value {
    let port = |uri: &str| uri.trim_start_matches("http://").to_owned();
    world.services.get(service).map_or(Value::Null, |addresses| {
        json!({
            "grpc": port(&addresses.grpc),
            "internal": port(&addresses.internal),
            "admin": port(&addresses.admin),
            "reflection": true,
        })
    })
}

/// Issuers of a deployer's own to be trusted besides ours: each file is one element of `auth.issuers`.
pub fn issuers(files: &[PathBuf]) -> anyhow::Result<Vec<Value>> {
    let read = |file: &PathBuf| -> anyhow::Result<Value> {
        let text = fs::read_to_string(file)?;
        Ok(serde_json::to_value(text.parse::<toml::Table>()?)?)
    };
    files.iter().map(|file| read(file).with_context(|| format!("the issuer in {}", file.display()))).collect()
}

fn auth(issuer: &str, jwks: &str, grant_jwks: &str, issuers: &[Value]) -> Value {
    let services: Map<String, Value> = SERVICES
        .iter()
        .map(|service| (service_subject(service), json!({ "name": service, "scopes": ["ehub.internal"] })))
        .collect();
    let ours = json!({
        "issuer": issuer,
        "algorithms": ["EdDSA"],
        "jwks": { "file": jwks },
        "services": services,
    });
    let issuers: Vec<&Value> = std::iter::once(&ours).chain(issuers).collect();
    json!({
        "audience": AUDIENCE,
        "issuers": issuers,
        "grants": { "jwks_file": grant_jwks, "audience": GRANT_AUDIENCE },
    })
}

fn mesh(world: &World, mailbox: &str) -> Value {
    json!({
        "url": world.mesh,
        "mailbox": mailbox,
        "password": MAILBOX_PASSWORD,
        "shared_key": MESH_SHARED_KEY,
        "timeout": "20s",
    })
}

fn intake(world: &World, paths: &Paths, patient_key: &str) -> Value {
    json!({
        "patient_key": { "file": patient_key },
        "screening": { "rules_file": paths.root.join("services/intake/rules/sample-screening.json") },
        "mesh": {
            "connection": mesh(world, INTAKE_MAILBOX),
            "owner_ods": HUB,
            "owner_name": HUB_NAME,
            "duty_contact": format!("{}/alerts", world.duty),
            "poll": "500ms",
        },
        "demographics": { "url": format!("{}/personal-demographics/FHIR/R4", world.demographics) },
        "workers": { "poll": "500ms" },
    })
}

fn allocation(world: &World, paths: &Paths, grant_key: &str) -> Value {
    json!({
        "grants": { "kid": "grant-1", "key": { "file": grant_key }, "audience": GRANT_AUDIENCE },
        "pathway_file": paths.root.join("services/allocation/pathways/hub-first.json"),
        "poll": "500ms",
        "duty": { "adapter": "webhook", "contacts": { HUB: { "duty_url": format!("{}/alerts", world.duty) } } },
        "watch": { "poll": "500ms", "heartbeat": "5s" },
    })
}

fn writeback(world: &World) -> Value {
    json!({
        "mesh": mesh(world, WRITEBACK_MAILBOX),
        "sender_ods": HUB,
        "sender_name": HUB_NAME,
        "edit_window": "2s",
        "send_poll": "500ms",
        "receive_poll": "500ms",
        "send_test_patients": true,
    })
}

fn prescribing(world: &World, paths: &Paths, patient_key: &str) -> Value {
    json!({
        "patient_key": { "file": patient_key },
        "eps": { "base_url": world.eps, "authorities": [authority_file(&paths.local.join("prescriber"))] },
        "poll": "500ms",
    })
}

fn audit(key: &str) -> Value {
    json!({
        "origin": AUDIT_ORIGIN,
        "key_file": key,
        "batch_interval": "200ms",
        "no_loss": { "every": "1s", "grace": "10s" },
        "lifecycle": { "quiet": "2s" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> PathBuf {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tmp"));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("cli-issuer-{name}.toml"));
        fs::write(&file, text).expect("a file");
        file
    }

    #[test]
    fn an_issuer_that_cannot_be_read_is_named() {
        for file in [PathBuf::from("/nowhere/issuer.toml"), file("wrong", "issuer = ")] {
            let error = format!("{:#}", issuers(std::slice::from_ref(&file)).expect_err("no issuer"));
            assert!(error.contains(&file.display().to_string()), "{error}");
        }
    }

    #[test]
    fn issuers_of_a_deployer_stand_behind_ours() {
        let more =
            issuers(&[file("good", "issuer = \"https://one.example\"\njwks = { url = \"https://one.example/keys\" }")]);
        let auth = auth("http://127.0.0.1:1", "jwks.json", "grants.json", &more.expect("an issuer"));
        let names: Vec<_> =
            auth["issuers"].as_array().expect("a list").iter().map(|one| one["issuer"].as_str()).collect();
        assert_eq!(names, [Some("http://127.0.0.1:1"), Some("https://one.example")]);
        assert_eq!(auth["issuers"][1]["jwks"]["url"], "https://one.example/keys");
    }
}
