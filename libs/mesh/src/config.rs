//! Configuration of one mailbox.

use std::path::PathBuf;

use ehub_config::{HumanDuration, Secret};
use serde::Deserialize;

/// One mailbox at one MESH server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshConfig {
    /// Server, for example `https://mesh-sync.spineservices.nhs.uk`. Plain `http` is for a sandbox.
    pub url: String,
    /// Mailbox id.
    pub mailbox: String,
    /// Mailbox password.
    pub password: Secret,
    /// The environment's shared key.
    pub shared_key: Secret,
    /// Certificates; required for `https`, since MESH always asks for a client certificate.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// Longest time for one request, its body included.
    #[serde(default = "default_timeout")]
    pub timeout: HumanDuration,
    /// Bodies above this are sent in chunks, in bytes. MESH takes 100 MB a request.
    #[serde(default = "default_chunk_bytes")]
    pub chunk_bytes: usize,
    /// Larger messages are not downloaded, in bytes after decompression. A message is held whole, and some at once: what
    /// is allowed here must fit into the memory there is.
    #[serde(default = "default_max_message_bytes")]
    pub max_message_bytes: usize,
    /// Compress each chunk with gzip when sending.
    #[serde(default)]
    pub compress: bool,
}

/// Certificate files in PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The authority that signed the server's certificate; no other is trusted.
    pub ca_file: PathBuf,
    /// This mailbox's certificate chain.
    pub cert_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

fn default_timeout() -> HumanDuration {
    HumanDuration::from_secs(60)
}

fn default_chunk_bytes() -> usize {
    75 * 1024 * 1024
}

fn default_max_message_bytes() -> usize {
    10 * 1024 * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_and_defaults_filled() {
        let json = serde_json::json!({"url": "http://x", "mailbox": "A", "password": "p", "shared_key": "k"});
        let config: MeshConfig = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(config.chunk_bytes, 78_643_200);
        let mut unknown = json;
        unknown["chunks"] = 1.into();
        assert!(serde_json::from_value::<MeshConfig>(unknown).is_err());
    }
}
