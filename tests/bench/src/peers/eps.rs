//! The prescription service: a digest for every order, a yes to every message.

use aws_lc_rs::digest;
use axum::{Json, Router, body::Bytes, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use ehub_clock::Clock;
use serde_json::{Value, json};

const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

pub fn routes() -> Router {
    Router::new().route("/FHIR/R4/$prepare", post(prepare)).route("/FHIR/R4/$process-message", post(process))
}

async fn prepare(order: Bytes) -> Json<Value> {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, &order));
    let info = format!(
        "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><CanonicalizationMethod Algorithm=\"{C14N}\">\
         </CanonicalizationMethod><SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\">\
         </SignatureMethod><Reference><Transforms><Transform Algorithm=\"{C14N}\"></Transform></Transforms>\
         <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>\
         <DigestValue>{hash}</DigestValue></Reference></SignedInfo>"
    );
    let value = |name: &str, value: String| json!({ "name": name, "valueString": value });
    Json(json!({
        "resourceType": "Parameters",
        "parameter": [
            value("digest", STANDARD.encode(info)),
            value("timestamp", ehub_clock::rfc3339(Clock::system().now())),
            value("algorithm", "RS256".to_owned()),
        ],
    }))
}

async fn process(_: Bytes) -> Json<Value> {
    Json(json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": "information", "code": "informational" }],
    }))
}
