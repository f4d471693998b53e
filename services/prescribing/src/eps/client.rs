//! The HTTP client.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ehub_fhir::PrepareResponse;
use ehub_telemetry::{failure_word, send_outside};
use reqwest::{
    Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
    redirect, retry,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use uuid::Uuid;

use super::{
    PrepareError, Sent,
    answer::{prepared, sent},
};
use crate::config::EpsSettings;

/// The most of an answer that is read; real ones have a few kilobytes.
const MAX_ANSWER: usize = 1024 * 1024;
/// Time to establish a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The paths of the two operations.
const PREPARE: &str = "/FHIR/R4/$prepare";
const PROCESS: &str = "/FHIR/R4/$process-message";

/// EPS, at one address.
#[derive(Debug, Clone)]
pub struct Eps {
    http: reqwest::Client,
    base: String,
    token_file: Option<PathBuf>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address.
    #[error("service.eps.base_url must be a URL")]
    Url,
    /// The authorities.
    #[error("service.eps.ca_file cannot be read as PEM certificates")]
    Authorities,
    /// The HTTP library refused.
    #[error("the HTTP client cannot be built")]
    Http(#[source] reqwest::Error),
}

impl Eps {
    /// A client; the authorities' file is read now.
    pub fn new(settings: &EpsSettings) -> Result<Self, SetupError> {
        Url::parse(&settings.base_url).map_err(|_| SetupError::Url)?;
        let mut roots = RootCertStore::empty();
        if let Some(file) = &settings.ca_file {
            let all: Vec<CertificateDer<'static>> =
                CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|_| SetupError::Authorities)?;
            for certificate in all {
                roots.add(certificate).map_err(|_| SetupError::Authorities)?;
            }
        }
        // The crypto provider is named, so that nothing depends on a process-wide default.
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| SetupError::Authorities)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(settings.timeout.get())
            .connect_timeout(CONNECT)
            // A redirect would carry patient data elsewhere; a silent retry is ours to make.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .build()
            .map_err(SetupError::Http)?;
        let base = settings.base_url.trim_end_matches('/').to_owned();
        Ok(Self { http, base, token_file: settings.token_file.clone() })
    }

    /// The address messages name as their destination.
    pub fn endpoint(&self) -> String {
        format!("{}/FHIR/R4", self.base)
    }

    /// Asks for the digest of an order.
    pub async fn prepare(
        &self,
        order: Vec<u8>,
        role_profile: &str,
        request: Uuid,
    ) -> Result<PrepareResponse, PrepareError> {
        match self.post(PREPARE, order, Some(role_profile), request).await {
            Ok((status, body)) => prepared(status, &body),
            Err(why) => {
                tracing::warn!(why, "EPS did not answer a $prepare");
                Err(PrepareError::Unreachable)
            }
        }
    }

    /// Sends a signed order. Sending the same bytes under the same request id again is the same send.
    pub async fn send(&self, message: Vec<u8>, role_profile: Option<&str>, request: Uuid) -> Sent {
        match self.post(PROCESS, message, role_profile, request).await {
            Ok((status, body)) => sent(status, &body),
            Err(why) => Sent::Unknown(why),
        }
    }

    async fn post(
        &self,
        template: &'static str,
        body: Vec<u8>,
        role_profile: Option<&str>,
        request: Uuid,
    ) -> Result<(StatusCode, Vec<u8>), &'static str> {
        let mut call = self
            .http
            .post(format!("{}{template}", self.base))
            .header(CONTENT_TYPE, "application/fhir+json")
            .header("X-Request-ID", request.hyphenated().to_string())
            .body(body);
        if let Some(profile) = role_profile {
            call = call.header("NHSD-Session-URID", profile);
        }
        if let Some(file) = &self.token_file {
            let token = tokio::fs::read_to_string(file).await.map_err(|_| "no_token")?;
            call = call.header(AUTHORIZATION, format!("Bearer {}", token.trim()));
        }
        let response = send_outside(call, template).await.map_err(|error| failure_word(&error))?;
        let status = response.status();
        Ok((status, bounded(response).await?))
    }
}

async fn bounded(mut response: Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure_word(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err("too_long");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
