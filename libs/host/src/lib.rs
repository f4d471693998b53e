//! How every service starts, runs and stops: the part of `main` and `wiring` that is the same for
//! all five.
//!
//! A service says its name, its settings, its migrations and how it is built ([`Service`]);
//! [`main`] does the rest: configuration (exit 64 when it is wrong, before any port is bound),
//! telemetry, database pools, authorisation from the descriptor set, readiness, drain.

mod config;
mod horizon;
mod host;
mod measure;
mod readiness;
mod start;

pub use config::{CommonConfig, Config, IdentityConfig, OutboxConfig, Profile};
pub use ehub_server::Worker;
pub use host::{Built, Host, PeerChannel};
pub use measure::tell_queues;
pub use start::{Service, main, main_from, serve};
