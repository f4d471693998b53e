//! Mutual TLS, with the crypto provider named here so that nothing depends on a process-wide default.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsConfig;
use crate::error::SetupError;

/// A client configuration for the files given; without files one that trusts nobody, which still serves plain HTTP.
pub(crate) fn client_config(files: Option<&TlsConfig>) -> Result<ClientConfig, SetupError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| SetupError::Tls { what: "protocol versions" })?;
    let Some(files) = files else {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.ca_file)? {
        roots.add(certificate).map_err(|_| SetupError::Tls { what: "ca_file" })?;
    }
    let key = PrivateKeyDer::from_pem_file(&files.key_file).map_err(|_| unreadable(&files.key_file))?;
    builder
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&files.cert_file)?, key)
        .map_err(|_| SetupError::Tls { what: "cert_file and key_file together" })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let all: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|_| unreadable(path))?;
    if all.is_empty() { Err(unreadable(path)) } else { Ok(all) }
}

fn unreadable(path: &Path) -> SetupError {
    SetupError::File { path: path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let files = TlsConfig {
            ca_file: "/nonexistent/ca.pem".into(),
            cert_file: "/nonexistent/cert.pem".into(),
            key_file: "/nonexistent/key.pem".into(),
        };
        let error = client_config(Some(&files)).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/ca.pem"), "{error}");
    }
}
