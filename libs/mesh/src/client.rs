//! The client: one mailbox, one server.

use std::time::Duration;

use ehub_clock::Clock;
use ehub_telemetry::send_outside;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url, redirect, retry};

use crate::authorization::Credentials;
use crate::body;
use crate::config::MeshConfig;
use crate::error::{MeshError, Refusal, SetupError};
use crate::tls;

/// Media type of the second version of the API.
const V2: HeaderValue = HeaderValue::from_static("application/vnd.mesh.v2+json");
/// Time to establish a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Error bodies are short; more is not read.
const MAX_ERROR_BODY: usize = 16 * 1024;

/// A MESH mailbox.
#[derive(Debug, Clone)]
pub struct MeshClient {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    pub(crate) credentials: Credentials,
    pub(crate) clock: Clock,
    pub(crate) chunk_bytes: usize,
    pub(crate) max_message_bytes: usize,
    pub(crate) compress: bool,
}

impl MeshClient {
    /// Builds a client; certificate files are read now.
    pub fn new(config: &MeshConfig, clock: Clock) -> Result<Self, SetupError> {
        let base = Url::parse(&config.url).map_err(|_| SetupError::Url)?;
        match base.scheme() {
            "http" => {}
            "https" if config.tls.is_some() => {}
            "https" => return Err(SetupError::TlsMissing),
            _ => return Err(SetupError::Url),
        }
        if config.chunk_bytes == 0 {
            return Err(SetupError::Zero { what: "chunk_bytes" });
        }
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(config.tls.as_ref())?)
            .timeout(config.timeout.get())
            .connect_timeout(CONNECT)
            // A redirect would carry the mailbox's credentials elsewhere; a silent retry could send a message twice.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .build()
            .map_err(SetupError::Http)?;
        Ok(Self {
            http,
            base,
            credentials: Credentials {
                mailbox: config.mailbox.clone(),
                password: config.password.clone(),
                shared_key: config.shared_key.clone(),
            },
            clock,
            chunk_bytes: config.chunk_bytes,
            max_message_bytes: config.max_message_bytes,
            compress: config.compress,
        })
    }

    /// The mailbox id.
    pub fn mailbox(&self) -> &str {
        &self.credentials.mailbox
    }

    /// Tells MESH the mailbox is in use and that the credentials work; due once a day.
    pub async fn handshake(&self) -> Result<(), MeshError> {
        let request = self
            .request(Method::POST, self.url(&[])?)
            .header("mex-ClientVersion", concat!("ehub/", env!("CARGO_PKG_VERSION")))
            .header("mex-OSName", std::env::consts::OS)
            .header("mex-OSVersion", "unspecified")
            .header("mex-OSArchitecture", std::env::consts::ARCH);
        self.call(request, "/messageexchange/{mailbox}").await.map(drop)
    }

    /// Removes a message from the inbox. Only after it is stored: MESH does not serve it again.
    pub async fn acknowledge(&self, id: &str) -> Result<(), MeshError> {
        let url = self.url(&["inbox", id, "status", "acknowledged"])?;
        let template = "/messageexchange/{mailbox}/inbox/{message}/status/acknowledged";
        self.call(self.request(Method::PUT, url), template).await.map(drop)
    }

    /// How many bytes of a message are taken at most.
    pub fn max_message_bytes(&self) -> usize {
        self.max_message_bytes
    }

    /// A URL below this mailbox. Ids come from outside, so they must be a single plain path segment.
    pub(crate) fn url(&self, segments: &[&str]) -> Result<Url, MeshError> {
        let plain = |segment: &&str| {
            (1..=100).contains(&segment.len())
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        if !segments.iter().all(plain) {
            return Err(MeshError::Protocol { what: "a message id must be letters, digits, - and _" });
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| MeshError::Protocol { what: "the URL cannot have a path" })?
            .pop_if_empty()
            .extend(["messageexchange", &self.credentials.mailbox])
            .extend(segments);
        Ok(url)
    }

    /// A request with a fresh authorization.
    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let mut authorization = HeaderValue::from_str(&self.credentials.header(&self.clock))
            // A mailbox id that is no header text can only come from the configuration; MESH answers 403.
            .unwrap_or(HeaderValue::from_static("NHSMESH"));
        authorization.set_sensitive(true);
        self.http.request(method, url).header(ACCEPT, V2).header(AUTHORIZATION, authorization)
    }

    /// Sends, and turns every answer but a success into an error. `template` is the path without its ids.
    pub(crate) async fn call(&self, request: RequestBuilder, template: &'static str) -> Result<Response, MeshError> {
        let response = send_outside(request, template).await.map_err(MeshError::transport)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(match status.as_u16() {
            404 | 410 => MeshError::Gone,
            status @ 500.. => MeshError::Unavailable { status },
            status => {
                let body = body::read(response, MAX_ERROR_BODY).await.unwrap_or_default();
                MeshError::Refused(Refusal::read(status, &body))
            }
        })
    }
}
