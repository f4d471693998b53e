//! Reading a JWKS from its file or address, bounded in size and time.

use std::{path::PathBuf, time::Duration};

use ehub_telemetry::send_outside;
use reqwest::{Certificate, Client, redirect};
use tokio::io::AsyncReadExt;

use super::MAX_JWKS_BYTES;
use crate::JwksSource;

/// How long reading an address may take as a whole.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);

/// Where one ring's document comes from.
#[derive(Debug)]
pub(crate) enum Source {
    File(PathBuf),
    Url { client: Client, url: String },
}

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The certificates to trust cannot be used, or none are installed.
    #[error("cannot prepare the connection to {url}")]
    Client {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// No answer, or not within two seconds.
    #[error("cannot fetch {url}")]
    Fetch {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer other than 200.
    #[error("{url} answered {status}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The document is not a usable JWKS.
    #[error("{place} holds no usable JWKS")]
    Jwks {
        /// The file or address.
        place: String,
        /// Why.
        #[source]
        source: super::JwksError,
    },
}

impl Source {
    /// Prepares a source; for an address, the HTTP client with the certificates to trust.
    pub(crate) fn prepare(jwks: &JwksSource, ca_file: Option<&PathBuf>) -> Result<Self, SourceError> {
        let url = match jwks {
            JwksSource::File(path) => return Ok(Self::File(path.clone())),
            JwksSource::Url(url) => url.clone(),
        };
        // reqwest panics without a process-wide provider; where main has installed one, this does nothing.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let failed = |source| SourceError::Client { url: url.clone(), source };
        // No redirects and no proxy from the environment: keys come from the written address and nowhere else.
        let builder = Client::builder().timeout(FETCH_TIMEOUT).redirect(redirect::Policy::none()).no_proxy();
        let builder = match ca_file {
            Some(path) => {
                let pem = std::fs::read(path).map_err(|source| SourceError::File { path: path.clone(), source })?;
                builder.tls_certs_only(Certificate::from_pem_bundle(&pem).map_err(failed)?)
            }
            // Without TLS no certificates are needed, and an image may have none.
            None if url.starts_with("http:") => builder.tls_certs_only([]),
            None => builder,
        };
        let client = builder.build().map_err(failed)?;
        Ok(Self::Url { client, url })
    }

    /// The file or address, for messages.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url { url, .. } => url.clone(),
        }
    }

    /// Whether the document comes over the network.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self, Self::Url { .. })
    }

    /// The document; one byte more than allowed is enough to refuse it.
    pub(crate) async fn read(&self) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::File(path) => {
                read_file(path).await.map_err(|source| SourceError::File { path: path.clone(), source })
            }
            Self::Url { client, url } => fetch(client, url).await,
        }
    }
}

async fn read_file(path: &PathBuf) -> std::io::Result<Vec<u8>> {
    let mut document = Vec::new();
    let limit = MAX_JWKS_BYTES as u64 + 1;
    tokio::fs::File::open(path).await?.take(limit).read_to_end(&mut document).await?;
    Ok(document)
}

async fn fetch(client: &Client, url: &str) -> Result<Vec<u8>, SourceError> {
    let failed = |source: reqwest::Error| SourceError::Fetch { url: url.to_owned(), source: source.without_url() };
    let request = client.get(url).header(http::header::ACCEPT, "application/json");
    let mut answer = send_outside(request, "{key_set}").await.map_err(failed)?;
    if answer.status() != http::StatusCode::OK {
        return Err(SourceError::Status { url: url.to_owned(), status: answer.status().as_u16() });
    }
    let mut document = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        document.extend_from_slice(&chunk);
        if document.len() > MAX_JWKS_BYTES {
            break;
        }
    }
    Ok(document)
}
