//! How a service reaches its database.

use ehub_config::{HumanDuration, Secret};
use serde::Deserialize;

/// The `[database]` section of every service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// URL of the role that serves calls, `ehub_<service>_run`. Row security is forced on it.
    pub run_url: Secret,
    /// URL of the role of background work, `ehub_<service>_work`.
    pub work_url: Secret,
    /// URL of the role that owns the schema; needed by `migrate` only.
    #[serde(default)]
    pub migrate_url: Option<Secret>,
    /// Connections kept for calls.
    #[serde(default = "sixteen")]
    pub run_connections: u32,
    /// Connections kept for background work.
    #[serde(default = "four")]
    pub work_connections: u32,
    /// How long to wait for a free connection before answering UNAVAILABLE.
    #[serde(default = "two_seconds")]
    pub acquire_timeout: HumanDuration,
    /// Refuse to serve when the server does not make commits durable. Off only in throw-away tests.
    #[serde(default = "yes")]
    pub require_durable: bool,
}

/// Which of a service's roles a pool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Serves calls.
    Run,
    /// Background work.
    Work,
}

fn sixteen() -> u32 {
    16
}

fn four() -> u32 {
    4
}

fn two_seconds() -> HumanDuration {
    HumanDuration::from(std::time::Duration::from_secs(2))
}

fn yes() -> bool {
    true
}
