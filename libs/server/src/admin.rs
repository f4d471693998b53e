//! The plain HTTP port for probes and operators.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Serialize;

use crate::built::SetFilter;
use crate::readiness::Readiness;

/// What the port shows.
#[derive(Clone)]
pub(crate) struct Admin {
    pub readiness: Readiness,
    pub set_filter: Option<SetFilter>,
    pub config_view: Option<Arc<str>>,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    unmet: Vec<&'static str>,
}

/// `/livez` (the process answers), `/readyz` (it wants calls), `/config`, `/log-filter`.
pub(crate) fn router(admin: Admin) -> Router {
    Router::new()
        // Touches nothing: a database that is away is no reason to restart the process.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/config", get(config))
        .route("/log-filter", put(log_filter))
        .with_state(admin)
}

async fn ready(State(admin): State<Admin>) -> (StatusCode, Json<Ready>) {
    let unmet = admin.readiness.unmet();
    let ready = unmet.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, unmet }))
}

async fn config(State(admin): State<Admin>) -> Result<String, StatusCode> {
    admin.config_view.map(|view| view.to_string()).ok_or(StatusCode::NOT_FOUND)
}

async fn log_filter(State(admin): State<Admin>, filter: String) -> Result<StatusCode, (StatusCode, String)> {
    let Some(set) = admin.set_filter else {
        return Err((StatusCode::NOT_FOUND, String::new()));
    };
    match set(filter.trim()) {
        Ok(()) => {
            tracing::info!(filter = filter.trim(), "log filter changed");
            Ok(StatusCode::NO_CONTENT)
        }
        Err(message) => Err((StatusCode::BAD_REQUEST, message + "\n")),
    }
}
