//! What a service is built from, and what it gives back.

use std::{fmt, sync::Arc};

use anyhow::Context as _;
use ehub_auth::client::TokenSource;
use ehub_calls::Calls;
use ehub_clock::Clock;
use ehub_outbox::{Relay, RelaySettings, Subscriber};
use ehub_postgres::{Db, PageTokens};
use ehub_proto::internal::v1::event_sink_client::EventSinkClient;
use ehub_server::{Worker, client};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{CommonConfig, Profile};

/// A channel to the internal port of another service.
pub type PeerChannel = client::Channel;

/// Everything common that a service is built from.
pub struct Host {
    /// The service's name.
    pub name: &'static str,
    /// Time, ids and randomness.
    pub clock: Clock,
    /// The database as the role that serves calls.
    pub db: Db,
    /// The database as the role of background work: for `workers/` only.
    pub work_db: Db,
    /// Runs calls.
    pub calls: Calls,
    /// Seals page tokens.
    pub page_tokens: Arc<PageTokens>,
    /// Whether this is live.
    pub profile: Profile,
    /// The largest message that is taken from outside, in bytes.
    pub message_bytes: usize,
    /// Cancelled when long streams must end.
    pub end_streams: CancellationToken,
    /// The service's own token.
    pub(crate) token: TokenSource,
    pub(crate) common: CommonConfig,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Host {
    /// A channel to another service's internal port; connects when first used.
    pub fn peer(&self, name: &'static str) -> anyhow::Result<PeerChannel> {
        let config = self.common.peers.get(name).with_context(|| format!("peers.{name} is not configured"))?;
        let token = self.token.clone();
        let bare = move || token.authorization().ok().and_then(|header| bearer(&header));
        client::connect(config, Arc::new(bare)).with_context(|| format!("peers.{name}"))
    }

    /// The worker that delivers this service's events: to each peer, with the bodies it reads ([`ehub_proto::reads`]).
    pub fn relay(&self, subscribers: &[&'static str]) -> anyhow::Result<Worker> {
        let mut told = Vec::with_capacity(subscribers.len());
        for name in subscribers {
            // A batch is bounded by 50 events of 16 groups; bodies are small.
            let client = EventSinkClient::new(self.peer(name)?).max_encoding_message_size(16 << 20);
            told.push(Subscriber { name, transport: Arc::new(client), reads: ehub_proto::reads });
        }
        let settings =
            RelaySettings { poll: self.common.outbox.poll.get(), heartbeat: self.common.outbox.heartbeat.get() };
        let relay = Relay::new(self.work_db.clone(), self.name, settings, told);
        Ok(Worker::new("relay", move |stop| relay.run(stop)))
    }
}

fn bearer(header: &impl AsRef<[u8]>) -> Option<String> {
    let text = std::str::from_utf8(header.as_ref()).ok()?;
    Some(text.strip_prefix("Bearer ")?.to_owned())
}

/// A service, built and not yet running.
#[derive(Debug)]
pub struct Built {
    /// The services of the public port.
    pub public: Routes,
    /// The services of the internal port.
    pub internal: Routes,
    /// Background work.
    pub workers: Vec<Worker>,
}
