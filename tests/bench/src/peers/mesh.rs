//! MESH with its practices: every document is acknowledged, by the system and by the practice, as soon as it is sent.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post, put},
};
use ehub_clock::Clock;
use ehub_itk3::{Envelope, Organisation, Reply, Response};
use serde_json::json;

/// What the receiving system says, and what the practice says (ITK3 response codes).
const YES: [u32; 2] = [20013, 30001];

/// Each mailbox's messages, oldest first.
#[derive(Debug, Clone, Default)]
struct Mailboxes(Arc<Mutex<HashMap<String, BTreeMap<String, Message>>>>);

/// Who sent what to whom.
#[derive(Debug, Clone)]
struct Message {
    from: String,
    to: String,
    workflow: String,
    body: Bytes,
}

pub fn routes() -> Router {
    Router::new()
        .route("/messageexchange/{mailbox}", post(StatusCode::OK))
        .route("/messageexchange/{mailbox}/outbox", post(send))
        .route("/messageexchange/{mailbox}/inbox", get(list))
        .route("/messageexchange/{mailbox}/inbox/{id}", get(download))
        .route("/messageexchange/{mailbox}/inbox/{id}/status/acknowledged", put(acknowledge))
        .layer(axum::extract::DefaultBodyLimit::max(20 << 20))
        .with_state(Mailboxes::default())
}

async fn send(
    State(mailboxes): State<Mailboxes>,
    Path(from): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let clock = Clock::system();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let Ok((request, _)) = Envelope::parse(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let (to, workflow) = (header("mex-to"), header("mex-workflowid"));
    for code in YES {
        let reply = Reply {
            bundle_id: clock.uuid_v7().to_string(),
            header_id: clock.uuid_v7().to_string(),
            sent_at: clock.now(),
            sender: Organisation { ods_code: "A81001".to_owned(), name: None, phone: None },
            source_mailbox: to.clone(),
            code,
            diagnostics: None,
        };
        let answer = Message {
            from: to.clone(),
            to: from.clone(),
            workflow: format!("{workflow}_ACK"),
            body: Response::to(&request, reply).to_xml().into(),
        };
        let mut all = mailboxes.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(from.clone()).or_default().insert(clock.uuid_v7().simple().to_string(), answer);
    }
    (StatusCode::ACCEPTED, Json(json!({ "message_id": clock.uuid_v7().simple().to_string() }))).into_response()
}

async fn list(State(mailboxes): State<Mailboxes>, Path(mailbox): Path<String>) -> Json<serde_json::Value> {
    let all = mailboxes.0.lock().unwrap_or_else(PoisonError::into_inner);
    let ids: Vec<&String> = all.get(&mailbox).into_iter().flat_map(BTreeMap::keys).take(500).collect();
    Json(json!({ "messages": ids }))
}

async fn download(
    State(mailboxes): State<Mailboxes>,
    Path((mailbox, id)): Path<(String, String)>,
) -> axum::response::Response {
    let all = mailboxes.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(message) = all.get(&mailbox).and_then(|some| some.get(&id)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        ("mex-from", message.from.clone()),
        ("mex-to", message.to.clone()),
        ("mex-workflowid", message.workflow.clone()),
        ("mex-messageid", id),
        ("mex-messagetype", "DATA".to_owned()),
        ("mex-statuscode", "00".to_owned()),
        ("mex-statusevent", "TRANSFER".to_owned()),
        ("mex-statussuccess", "SUCCESS".to_owned()),
        ("content-type", "application/xml".to_owned()),
    ];
    (headers, message.body.clone()).into_response()
}

async fn acknowledge(State(mailboxes): State<Mailboxes>, Path((mailbox, id)): Path<(String, String)>) -> StatusCode {
    let mut all = mailboxes.0.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(mailbox).or_default().remove(&id);
    StatusCode::OK
}
