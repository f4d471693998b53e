//! Every rule over source text is shown something wrong and something right: a rule that sees
//! nothing is worse than none.

use ehub_architecture_tests::{Finding, Project};

use crate::{arrows, places, shape, size, telemetry};

fn sees(rule: fn(&Project) -> Vec<Finding>, path: &str, text: &str) -> bool {
    !rule(&Project::of(path, text)).is_empty()
}

#[test]
fn places_are_watched() {
    let operation = "services/intake/src/operations/submit.rs";
    let storage = "services/intake/src/storage/consultation.rs";
    assert!(sees(places::proto, operation, "use ehub_proto::intake::v1::State;"));
    assert!(!sees(places::proto, "services/intake/src/rpc/render.rs", "use ehub_proto::intake::v1::State;"));
    assert!(sees(places::sqlx, operation, "fn a() { sqlx::query(\"select 1\"); }"));
    assert!(!sees(places::sqlx, storage, "fn a() { sqlx::query(\"select 1\"); }"));
    assert!(sees(places::sqlx, "services/intake/src/lib.rs", "use sqlx::PgConnection;"));
    assert!(!sees(places::sqlx, "services/intake/src/lib.rs", "static M: X = sqlx::migrate!(\"./migrations\");"));
    assert!(sees(places::opentelemetry, operation, "use opentelemetry::KeyValue;"));
    assert!(!sees(places::opentelemetry, "libs/telemetry/src/setup.rs", "use opentelemetry::KeyValue;"));
    assert!(sees(places::environment, operation, "fn a() { std::env::var(\"HOME\"); }"));
    assert!(sees(places::environment, operation, "use std::env;"));
    assert!(!sees(places::environment, "libs/config/src/tree.rs", "use std::env;"));
    assert!(!sees(places::environment, operation, "const A: &str = env!(\"CARGO_PKG_VERSION\");"));
    assert!(sees(places::statuses, operation, "fn a() -> tonic::Status { Status::internal(\"x\") }"));
    assert!(!sees(places::statuses, operation, "fn a() { DeliveryStatus::new() } // Status::new"));
    assert!(sees(places::work_role, operation, "fn a(host: &Host) { host.work_db.clone(); }"));
    assert!(!sees(places::work_role, "services/intake/src/wiring.rs", "fn a(host: &Host) { host.work_db.clone(); }"));
    assert!(sees(places::instrument, operation, "#[tracing::instrument(name = \"a\")] fn a(b: u8) {}"));
    assert!(!sees(places::instrument, operation, "#[instrument(skip_all)] fn a(b: u8) { c.instrument(d); }"));
    assert!(sees(places::unbounded, operation, "fn a() { mpsc::unbounded_channel(); }"));
    assert!(!sees(places::unbounded, operation, "fn a() { mpsc::channel(4); }"));
}

#[test]
fn tests_are_left_alone() {
    let code = "#[cfg(test)]\nmod tests { fn a() { std::env::var(\"A\"); Status::internal(\"b\"); } }";
    assert!(!sees(places::environment, "services/intake/src/operations/submit.rs", code));
    assert!(!sees(places::statuses, "services/intake/src/operations/submit.rs", code));
    assert!(!sees(places::sqlx, "services/intake/tests/it/main.rs", "use sqlx::PgPool;"));
}

#[test]
fn arrows_are_watched() {
    let domain = "services/intake/src/domain/patient.rs";
    for wrong in ["use ehub_clock::Clock;", "async fn a() {}", "use tonic::Code;", "use ehub_proto::intake::v1::Need;"]
    {
        assert!(sees(arrows::domain, domain, wrong), "{wrong}");
    }
    assert!(!sees(arrows::domain, domain, "use ehub_identifiers::NhsNumber; use ehub_calendar::Hours;"));
    assert!(sees(arrows::rooms, domain, "use crate::{domain::age, storage::rows};"));
    assert!(sees(arrows::rooms, "services/intake/src/rpc/parse.rs", "use crate::workers::Trace;"));
    assert!(!sees(arrows::rooms, "services/intake/src/rpc/parse.rs", "use crate::{domain::Need, operations::submit};"));
}

#[test]
fn sizes_are_watched() {
    let long = "let a = 1;\n".repeat(71);
    let file = "services/intake/src/domain/patient.rs";
    assert!(sees(size::functions_within, file, &format!("fn a() {{\n{long}}}")));
    assert!(!sees(size::functions_within, file, &format!("fn a() {{\n{}}}", "// why\n".repeat(200))));
    assert!(sees(size::files, file, &"\n".repeat(401)));
    assert!(!sees(size::files, "services/intake/tests/it/main.rs", &"\n".repeat(401)));
    assert!(sees(shape::module_comments, file, "fn a() {}"));
    assert!(sees(shape::module_comments, "services/intake/src/domain/mod.rs", "//! Domain."));
}

#[test]
fn log_fields_are_watched() {
    let file = "libs/outbox/src/sink.rs";
    for wrong in ["shoesize", "shoesize = 3", "%shoesize", "kind, shoesize = f(a, b), \"said\"", "\"shoe.size\" = 3"] {
        assert!(sees(telemetry::log_fields, file, &format!("fn a() {{ tracing::warn!({wrong}); }}")), "{wrong}");
    }
    for right in
        ["target: \"a\", \"said\"", "kind, \"said {}\", shoesize", "error = f(shoesize, 3), \"a, b\"", "rpc.method = 3"]
    {
        assert!(!sees(telemetry::log_fields, file, &format!("fn a() {{ tracing::warn!({right}); }}")), "{right}");
    }
}
