//! What `ehub dev` writes about the running suite, and the other commands read: addresses,
//! databases, pids. No secrets beyond those of development.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// `.local/ehub.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// The run's id.
    pub run_id: String,
    /// Each service's addresses.
    pub services: BTreeMap<String, ServiceAddresses>,
    /// The token issuer's base address; `/token` gives tokens.
    pub issuer: String,
    /// The MESH sandbox.
    pub mesh: String,
    /// The EPS peer.
    pub eps: String,
    /// The demographics peer.
    pub demographics: String,
    /// The practices' control address.
    pub practice: String,
    /// The duty contact's webhook.
    pub duty: String,
    /// The OTLP receiver.
    pub otlp: String,
    /// The audit log's verifier key, once a checkpoint is signed, as C2SP vkey.
    pub audit_verifier_key: Option<String>,
    /// Each service's database, as the role that serves calls.
    pub databases: BTreeMap<String, String>,
    /// Every process of the run.
    pub pids: BTreeMap<String, u32>,
    /// Where the development prescriber's key is.
    pub signer: String,
}

/// Where a service listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceAddresses {
    /// gRPC for callers.
    pub grpc: String,
    /// gRPC for the other services.
    pub internal: String,
    /// Probes, plain HTTP.
    pub admin: String,
}

impl World {
    /// Reads the file of the running suite.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read: is `make run` up?", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not what `ehub dev` writes", file.display()))
    }

    /// Writes the file, in one step.
    pub fn save(&self, file: &Path) -> anyhow::Result<()> {
        let beside = file.with_extension("json.new");
        std::fs::write(&beside, serde_json::to_string_pretty(self)?)?;
        Ok(std::fs::rename(beside, file)?)
    }

    /// A service's public address as a URI.
    pub fn grpc(&self, service: &str) -> anyhow::Result<&str> {
        let addresses = self.services.get(service).with_context(|| format!("the run has no {service}"))?;
        Ok(&addresses.grpc)
    }
}
