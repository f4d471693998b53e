//! An EPS in the test, over real HTTP: gives digests, takes messages, misbehaves when told to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ehub_fhir::{OperationOutcome, PrepareResponse, Prescription, to_bytes};

/// How the next message is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Takes it and says 504.
    TakesItAndTimesOut,
    /// Says 504 and has not taken it.
    TimesOut,
    /// Refuses with a code.
    Refuses(&'static str),
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    pub request_id: String,
    pub body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Held {
    manners: VecDeque<Manner>,
    prepare_status: Option<StatusCode>,
    prepared: Vec<Vec<u8>>,
    came: Vec<Came>,
    accepted: Vec<String>,
}

/// The stub.
#[derive(Debug, Clone)]
pub struct Eps {
    held: Arc<Mutex<Held>>,
    pub url: String,
}

impl Eps {
    pub async fn start() -> Self {
        let held = Arc::<Mutex<Held>>::default();
        let app = Router::new()
            .route("/FHIR/R4/$prepare", post(prepare))
            .route("/FHIR/R4/$process-message", post(process))
            .with_state(Arc::clone(&held));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { held, url }
    }

    pub fn next(&self, manner: Manner) {
        self.held.lock().expect("whole").manners.push_back(manner);
    }

    pub fn prepare_says(&self, status: Option<StatusCode>) {
        self.held.lock().expect("whole").prepare_status = status;
    }

    /// Every message that came.
    pub fn came(&self) -> Vec<Came> {
        self.held.lock().expect("whole").came.clone()
    }

    /// How many digests were asked for.
    pub fn prepared(&self) -> usize {
        self.held.lock().expect("whole").prepared.len()
    }

    /// The prescriptions it holds, by long id.
    pub fn accepted(&self) -> Vec<String> {
        self.held.lock().expect("whole").accepted.clone()
    }
}

fn refusal(code: &str) -> Vec<u8> {
    to_bytes(&OperationOutcome::refusal("invalid", code, "refused").to_json())
}

async fn prepare(State(held): State<Arc<Mutex<Held>>>, headers: HeaderMap, body: Bytes) -> (StatusCode, Vec<u8>) {
    assert!(headers.contains_key("x-request-id"));
    let mut held = held.lock().expect("whole");
    held.prepared.push(body.to_vec());
    if let Some(status) = held.prepare_status {
        return (status, refusal("INVALID_CHECK_DIGIT"));
    }
    let digest = STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body));
    let answer = PrepareResponse {
        signed_info: format!(
            "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><Reference>\
             <DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
        )
        .into_bytes(),
        timestamp: "2026-11-20T10:00:00+00:00".to_owned(),
        algorithm: "RS256".to_owned(),
    };
    (StatusCode::OK, to_bytes(&answer.to_json()))
}

/// It does not remember request ids, only prescriptions: the harder case for who sends again.
async fn process(State(held): State<Arc<Mutex<Held>>>, headers: HeaderMap, body: Bytes) -> (StatusCode, Vec<u8>) {
    let mut held = held.lock().expect("whole");
    let request_id = headers["x-request-id"].to_str().expect("ASCII").to_owned();
    held.came.push(Came { request_id, body: body.to_vec() });
    let (order, signature) = Prescription::parse(&body).expect("an order");
    assert!(signature.is_some());
    let id = order.prescription_id.to_string();
    match held.manners.pop_front() {
        Some(Manner::Refuses(code)) => return (StatusCode::BAD_REQUEST, refusal(code)),
        Some(Manner::TimesOut) => return (StatusCode::GATEWAY_TIMEOUT, Vec::new()),
        Some(Manner::TakesItAndTimesOut) => {
            held.accepted.push(id);
            return (StatusCode::GATEWAY_TIMEOUT, Vec::new());
        }
        None => {}
    }
    if held.accepted.contains(&id) {
        return (StatusCode::BAD_REQUEST, refusal("DUPLICATE_PRESCRIPTION_ID"));
    }
    held.accepted.push(id);
    (StatusCode::OK, to_bytes(&OperationOutcome::success().to_json()))
}
