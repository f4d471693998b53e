//! One typed configuration file per service.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ehub_auth::AuthConfig;
use ehub_config::{ConfigError, HumanDuration, Secret};
use ehub_postgres::DatabaseConfig;
use ehub_server::{ServerConfig, client::ClientConfig};
use ehub_telemetry::TelemetryConfig;
use serde::Deserialize;

/// Whether a deployment is for patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Local and test use: loopback peers, sample rules, the development issuer.
    Development,
    /// Live care: refuses development parts.
    Production,
}

/// A service's configuration: what all have, and its own under `[service]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config<S> {
    /// Whether this is live.
    pub profile: Profile,
    /// Ports, limits, drain.
    #[serde(default)]
    pub server: ServerConfig,
    /// The database, by role.
    pub database: DatabaseConfig,
    /// Issuers, grants, audience.
    pub auth: AuthConfig,
    /// Logs, traces, metrics.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    /// Who this service is to the others.
    pub identity: IdentityConfig,
    /// The internal ports of the other services, by name.
    #[serde(default)]
    pub peers: BTreeMap<String, ClientConfig>,
    /// How events are delivered.
    #[serde(default)]
    pub outbox: OutboxConfig,
    /// 32 bytes in base64, the same on every replica: seals page tokens.
    pub pages_key: Secret,
    /// The service's own settings.
    pub service: S,
}

/// What of the configuration is the same for all services.
#[derive(Debug)]
pub struct CommonConfig {
    /// Whether this is live.
    pub profile: Profile,
    /// The other services.
    pub peers: BTreeMap<String, ClientConfig>,
    /// How events are delivered.
    pub outbox: OutboxConfig,
}

/// Who this service is to the others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// A file with the service's token, such as a projected service-account token.
    pub token_file: PathBuf,
}

/// How events are delivered.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxConfig {
    /// How often the relay looks when nothing wakes it.
    pub poll: HumanDuration,
    /// How often a subscriber is told that nothing waits.
    pub heartbeat: HumanDuration,
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self { poll: HumanDuration::from_millis(500), heartbeat: HumanDuration::from_secs(5) }
    }
}

impl<S: serde::de::DeserializeOwned> Config<S> {
    /// Reads a file, with overrides `EHUB_<SERVICE>__…` from the environment.
    pub fn load(
        service: &str,
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut config: Self = ehub_config::load(file, &format!("EHUB_{}", service.to_uppercase()), environment)?;
        if config.profile == Profile::Production {
            config.server.deadline.required.get_or_insert(true);
        }
        Ok(config)
    }
}

impl<S> Config<S> {
    /// What production refuses, whatever the service.
    pub(crate) fn objections(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.profile == Profile::Production {
            if !self.database.require_durable {
                wrong.push("database.require_durable must stay true in production".to_owned());
            }
            if self.server.reflection {
                wrong.push("server.reflection must stay false in production".to_owned());
            }
            if self.server.deadline.required == Some(false) {
                wrong.push("server.deadline.required must stay true in production".to_owned());
            }
            for issuer in &self.auth.issuers {
                if issuer.allow_plain_http || issuer.issuer.starts_with("http://") {
                    wrong.push("auth.issuers: production takes no issuer over plain http".to_owned());
                }
            }
        }
        if page_key(&self.pages_key).is_none() {
            wrong.push("pages_key must be 32 bytes in base64".to_owned());
        }
        wrong
    }
}

/// The key of page tokens, when it is one.
pub(crate) fn page_key(secret: &Secret) -> Option<[u8; 32]> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.decode(secret.reveal().trim()).ok()?.try_into().ok()
}
