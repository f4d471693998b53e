//! Fast stand-ins for the world outside, so that the machine is the services': EPS that digests and accepts,
//! demographics that know everybody, and a MESH whose practices acknowledge at once. Same wire formats as the test
//! peers; they check nothing, which is what those are for.

mod eps;
mod mesh;

use std::{io::Read as _, path::Path};

use anyhow::Context as _;
use axum::{Json, Router, extract, routing::get};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::patients::{BORN, FAMILY, practice_of};

/// Serves until standard input is closed: whoever started it has ended, or wants it to.
pub async fn serve(ready: &Path) -> anyhow::Result<()> {
    let demographics = Router::new().route("/personal-demographics/FHIR/R4/Patient/{number}", get(patient));
    let addresses = json!({
        "eps": start(eps::routes()).await?,
        "demographics": start(demographics).await?,
        "mesh": start(mesh::routes()).await?,
        "pid": std::process::id(),
    });
    let beside = ready.with_extension("new");
    std::fs::write(&beside, addresses.to_string())?;
    std::fs::rename(&beside, ready)?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await?.context("standard input")?;
    Ok(())
}

async fn start(routes: Router) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        use axum::serve::ListenerExt as _;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        // Ends with the process; an error here shows as services that cannot reach it.
        let _ = axum::serve(listener, routes).await;
    });
    Ok(format!("http://{address}"))
}

async fn patient(extract::Path(number): extract::Path<String>) -> Json<Value> {
    Json(json!({
        "resourceType": "Patient",
        "id": number,
        "identifier": [{ "system": "https://fhir.nhs.uk/Id/nhs-number", "value": number }],
        "meta": { "versionId": "1", "security": [{ "code": "U" }] },
        "name": [{ "use": "usual", "family": FAMILY, "given": ["Robin"] }],
        "gender": "female",
        "birthDate": BORN,
        "address": [{ "use": "home", "line": ["1 Example Road", "Leeds"], "postalCode": "LS1 6AE" }],
        "generalPractitioner": [{
            "identifier": {
                "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                "value": practice_of(&number),
                "period": { "start": "2015-04-01" },
            },
        }],
    }))
}
