//! The development token issuer: a real OAuth 2 token endpoint that trusts whoever asks.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use ehub_auth::{
    Kind,
    dev_issuer::{DevIssuer, DevKey, TokenSpec},
};
use ehub_clock::Clock;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::world::Persona;

/// The audience of access tokens in development.
pub const AUDIENCE: &str = "ehub";
/// How often the services' own tokens are renewed; they last five minutes.
const RENEW: Duration = Duration::from_secs(120);

/// The running issuer.
#[derive(Clone)]
pub struct Issuer(Arc<DevIssuer>);

impl Issuer {
    /// Serves JWKS and tokens on a free loopback port until stopped.
    pub async fn start(clock: Clock, stop: CancellationToken) -> anyhow::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port for the issuer")?;
        let address = listener.local_addr()?;
        let key = DevKey::generate(&clock, "dev-1");
        let issuer = Self(Arc::new(DevIssuer::with_key(clock, format!("http://{address}"), AUDIENCE, key)));
        let app = Router::new()
            .route("/jwks.json", get(jwks))
            .route("/token", post(token))
            .route("/.well-known/openid-configuration", get(discovery))
            .with_state(issuer.clone());
        tokio::spawn(async move {
            // Ends with the process; an error here shows as tokens that cannot be had.
            let _ = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await;
        });
        Ok((issuer, address))
    }

    /// The public keys.
    pub fn jwks(&self) -> String {
        self.0.jwks_json()
    }

    /// Writes the services' own tokens where a cluster would project them, and renews them.
    pub async fn keep_service_tokens(
        self,
        folder: &Path,
        services: &[&'static str],
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        let write = {
            let folder = folder.to_owned();
            let services = services.to_vec();
            let issuer = self.clone();
            move || -> std::io::Result<()> {
                for service in &services {
                    let subject = service_subject(service);
                    let token = issuer.0.sign(&TokenSpec::new(Kind::Service, subject.clone(), subject));
                    // Written beside and moved, so that a reader never sees half a token.
                    let beside = folder.join(format!(".{service}"));
                    std::fs::write(&beside, token)?;
                    std::fs::rename(&beside, folder.join(service))?;
                }
                Ok(())
            }
        };
        write().context("service tokens")?;
        tokio::spawn(async move {
            let mut every = tokio::time::interval(RENEW);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    _ = every.tick() => { let _ = write(); }
                }
            }
        });
        Ok(())
    }
}

/// The `sub` a service runs under in development.
pub fn service_subject(service: &str) -> String {
    format!("service:{service}")
}

#[derive(Deserialize)]
struct TokenRequest {
    client_id: String,
    #[serde(default)]
    scope: Option<String>,
}

async fn token(State(issuer): State<Issuer>, Form(request): Form<TokenRequest>) -> axum::response::Response {
    let Some(persona) = Persona::named(&request.client_id) else {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    };
    let mut spec = persona.token();
    if let Some(scope) = request.scope {
        let asked: Vec<&str> = scope.split_whitespace().collect();
        spec.scopes.retain(|held| asked.contains(&held.as_str()));
    }
    let expires_in = spec.lifetime.as_secs();
    let access_token = issuer.0.sign(&spec);
    Json(json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": expires_in })).into_response()
}

async fn jwks(State(issuer): State<Issuer>) -> impl IntoResponse {
    ([("content-type", "application/json")], issuer.jwks())
}

async fn discovery(State(issuer): State<Issuer>) -> impl IntoResponse {
    let base = issuer.0.issuer();
    Json(json!({
        "issuer": base,
        "jwks_uri": format!("{base}/jwks.json"),
        "token_endpoint": format!("{base}/token"),
        "grant_types_supported": ["client_credentials"],
    }))
}
