//! A server on loopback that answers from a script and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response};
use axum::{Router, serve};
use ehub_clock::Clock;
use ehub_config::{HumanDuration, Secret};
use ehub_mesh::{MeshClient, MeshConfig, Outgoing};
use time::macros::datetime;
use tokio::net::TcpListener;

/// A request as it arrived.
pub struct Asked {
    pub method: Method,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// One scripted answer.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[derive(Clone, Default)]
pub struct Server {
    script: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts the server; it lives as long as the test's runtime.
    pub async fn start(script: impl IntoIterator<Item = Answer>) -> (Self, String) {
        let server = Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let handler = server.clone();
        let app = Router::new().fallback(move |request: Request| handler.clone().answer(request));
        tokio::spawn(async move { serve(listener, app).await });
        (server, url)
    }

    async fn answer(self, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        self.asked.lock().unwrap().push(Asked {
            method: parts.method,
            target: parts.uri.to_string(),
            headers: parts.headers,
            body,
        });
        let answer = self.script.lock().unwrap().pop_front().unwrap_or(Answer::new(599, "script ended"));
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(answer.body)).unwrap()
    }

    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

pub fn config(url: &str) -> MeshConfig {
    MeshConfig {
        url: url.to_owned(),
        mailbox: "X26ABC1".into(),
        password: Secret::new("password"),
        shared_key: Secret::new("TestKey"),
        tls: None,
        timeout: HumanDuration::from_secs(10),
        chunk_bytes: 1024,
        max_message_bytes: 4096,
        compress: false,
    }
}

pub fn client_with(config: &MeshConfig) -> MeshClient {
    let (clock, _) = Clock::manual(datetime!(2026-01-02 15:30 UTC));
    MeshClient::new(config, clock).unwrap()
}

pub fn client(url: &str) -> MeshClient {
    client_with(&config(url))
}

pub fn outgoing(bytes: usize) -> Outgoing {
    Outgoing {
        to: "X26ABC2".into(),
        workflow: "TEST_WORKFLOW".into(),
        local_id: Some("Y01234".into()),
        subject: Some("Report for Zoë".into()),
        file_name: None,
        content_type: "application/xml".into(),
        body: (0..bytes).map(|n| u8::try_from(n % 251).unwrap()).collect(),
    }
}
