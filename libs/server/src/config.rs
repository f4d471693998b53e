//! What a deployment may say about a server.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ehub_config::HumanDuration;
use serde::Deserialize;

/// The `[server]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Where callers from outside and from other services come in.
    pub grpc: SocketAddr,
    /// Where events and guards of the suite itself come in.
    pub internal: SocketAddr,
    /// Where probes and operators come in: plain HTTP, no secrets, not for the world.
    pub admin: SocketAddr,
    /// How much at once.
    pub limits: Limits,
    /// How to stop.
    pub drain: Drain,
    /// How long a call may take.
    pub deadline: Deadlines,
    /// Whether the contract can be read over the wire.
    pub reflection: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            grpc: local(7_400),
            internal: local(7_401),
            admin: local(7_402),
            limits: Limits::default(),
            drain: Drain::default(),
            deadline: Deadlines::default(),
            reflection: false,
        }
    }
}

/// How much a server takes on before it refuses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections per port.
    pub connections: usize,
    /// Open connections from one address. Raise it where a proxy stands in front.
    pub connections_per_peer: usize,
    /// Calls at once on one connection; more wait at the client.
    pub streams_per_connection: u32,
    /// Unary calls at once per port; more are refused with `RESOURCE_EXHAUSTED`.
    pub in_flight: usize,
    /// Streaming calls at once per port.
    pub streams: usize,
    /// All headers of a call together, in bytes.
    pub header_list_bytes: u32,
    /// One message from outside, in bytes: read, a message of empty members takes a hundred times as much. The service sets
    /// it on each of its generated servers.
    pub message_bytes: usize,
    /// Within this time a new connection must have said that it speaks HTTP/2.
    pub handshake: HumanDuration,
    /// After so long without a sign of life a connection is pinged.
    pub keepalive_interval: HumanDuration,
    /// And closed when the ping stays unanswered for so long.
    pub keepalive_timeout: HumanDuration,
    /// A connection is asked to go after this age (± a tenth), so that clients find new replicas.
    pub connection_age: HumanDuration,
    /// Calls a client may open and reset at once before the connection is closed (CVE-2023-44487).
    pub pending_resets: usize,
    /// What a refused caller is told to wait.
    pub retry_after: HumanDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_peer: 256,
            streams_per_connection: 64,
            in_flight: 256,
            streams: 1_024,
            header_list_bytes: 16 * 1_024,
            message_bytes: 1_024 * 1_024,
            handshake: HumanDuration::from_secs(10),
            keepalive_interval: HumanDuration::from_secs(20),
            keepalive_timeout: HumanDuration::from_secs(10),
            connection_age: HumanDuration::from_secs(300),
            pending_resets: 16,
            retry_after: HumanDuration::from_secs(1),
        }
    }
}

/// How a server stops.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drain {
    /// Between saying "not ready" and closing the door: load balancers need a moment to look elsewhere.
    pub grace: HumanDuration,
    /// After closing the door, what still runs is cut off.
    pub hard_stop: HumanDuration,
}

impl Default for Drain {
    fn default() -> Self {
        Self { grace: HumanDuration::from_secs(1), hard_stop: HumanDuration::from_secs(30) }
    }
}

impl Deadlines {
    /// The most any unary call gets.
    pub(crate) fn longest(&self) -> Duration {
        self.methods.values().map(|most| most.get()).fold(self.max.get(), Duration::max)
    }
}

/// How long calls may take.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    /// For a unary call that names none.
    pub default: HumanDuration,
    /// The most a unary call gets, whatever it names.
    pub max: HumanDuration,
    /// The most for single methods, by `package.Service/Method`.
    pub methods: BTreeMap<String, HumanDuration>,
    /// Whether a unary call that names none is refused; in production it always is.
    pub required: Option<bool>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            default: HumanDuration::from_secs(10),
            max: HumanDuration::from_secs(15),
            methods: BTreeMap::new(),
            required: None,
        }
    }
}
