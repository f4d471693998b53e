//! HTTP clients for demographics and paging.

use std::{path::Path, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The file of authorities.
    #[error("the file of authorities cannot be read")]
    File(#[from] std::io::Error),
    /// The client.
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

/// A client without redirects, retries or a proxy from the environment: requests go to the written
/// address, once. It trusts the authorities of a PEM file, or else the system's.
pub fn client(timeout: Duration, ca_file: Option<&Path>) -> Result<Client, HttpError> {
    // reqwest panics without a process-wide provider; where main has installed one, this does nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    if let Some(file) = ca_file {
        let authorities = Certificate::from_pem_bundle(&std::fs::read(file)?)?;
        return Ok(builder(timeout).tls_certs_only(authorities).build()?);
    }
    builder(timeout).build().or_else(|error| {
        // An image may have no authorities; then only plain http on this machine can be reached.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "no authorities on this system: https will fail; set service.ca_file"
        );
        Ok(builder(timeout).tls_certs_only([]).build()?)
    })
}

fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
}
