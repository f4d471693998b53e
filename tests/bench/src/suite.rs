//! The suite that is measured: channels to it, and tokens renewed in the background.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use ehub_clock::Clock;
use ehub_proto::{
    allocation::v1::allocation_service_client::AllocationServiceClient,
    intake::v1::intake_service_client::IntakeServiceClient,
    prescribing::v1::prescribing_service_client::PrescribingServiceClient,
    writeback::v1::writeback_service_client::WritebackServiceClient,
};
use serde::Deserialize;
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

/// Connections to each service: one carries at most 64 calls at once.
const CONNECTIONS: usize = 4;
/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// A token lasts five minutes.
const RENEW: Duration = Duration::from_secs(60);
/// Who plays.
const PERSONAS: [&str; 3] = ["supplier", "gp-anna", "gp-bert"];

/// What `ehub dev` wrote, as far as it is used here.
#[derive(Debug, Clone, Deserialize)]
pub struct World {
    /// Each service's addresses.
    pub services: BTreeMap<String, Addresses>,
    /// The token issuer.
    pub issuer: String,
    /// Each service's database.
    pub databases: BTreeMap<String, String>,
    /// Where the prescriber's key is.
    pub signer: String,
}

/// Where a service listens.
#[derive(Debug, Clone, Deserialize)]
pub struct Addresses {
    /// gRPC for callers.
    pub grpc: String,
}

/// Tokens by persona, and which is next.
type Single = BTreeMap<String, (AtomicUsize, Vec<MetadataValue<Ascii>>)>;

/// Access to the suite.
#[derive(Debug, Clone)]
pub struct Suite {
    pub world: World,
    pub clock: Clock,
    channels: Arc<BTreeMap<String, Vec<Channel>>>,
    turn: Arc<AtomicUsize>,
    tokens: Arc<RwLock<BTreeMap<&'static str, MetadataValue<Ascii>>>>,
    /// Tokens to be used for one call each, and how many have been.
    single: Arc<Single>,
}

impl Suite {
    /// Connects to every service and gets the tokens.
    pub async fn open(world: &Path, tokens: Option<&Path>) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(world).with_context(|| format!("{}", world.display()))?;
        let world: World = serde_json::from_str(&text).context("the world file")?;
        let mut channels = BTreeMap::new();
        for (name, addresses) in &world.services {
            let endpoint = Endpoint::from_shared(addresses.grpc.clone())?.tcp_nodelay(true);
            let mut some = Vec::new();
            for _ in 0..CONNECTIONS {
                some.push(endpoint.connect().await.with_context(|| name.clone())?);
            }
            channels.insert(name.clone(), some);
        }
        let suite = Self {
            world,
            clock: Clock::system(),
            channels: Arc::new(channels),
            turn: Arc::default(),
            tokens: Arc::default(),
            single: Arc::new(tokens.map(single).transpose()?.unwrap_or_default()),
        };
        suite.renew().await?;
        let renewing = suite.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW).await;
                // A token that cannot be renewed shows as refused calls, which are counted.
                let _ = renewing.renew().await;
            }
        });
        Ok(suite)
    }

    #[expect(clippy::disallowed_methods, reason = "the load generator's own request")]
    async fn renew(&self) -> anyhow::Result<()> {
        let http = reqwest::Client::new();
        for persona in PERSONAS {
            let answer = http
                .post(format!("{}/token", self.world.issuer))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("grant_type=client_credentials&client_id={persona}"))
                .send()
                .await
                .context("the token issuer")?
                .error_for_status()?;
            let answer: serde_json::Value = answer.json().await?;
            let token = answer["access_token"].as_str().context("a token")?;
            let value = MetadataValue::try_from(format!("Bearer {token}"))?;
            self.tokens.write().unwrap_or_else(PoisonError::into_inner).insert(persona, value);
        }
        Ok(())
    }

    /// A request of somebody.
    pub fn request<T>(&self, persona: &str, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Request::new(message);
        request.set_timeout(DEADLINE);
        request.metadata_mut().insert("authorization", self.bearer(persona)?);
        Ok(request)
    }

    fn bearer(&self, persona: &str) -> anyhow::Result<MetadataValue<Ascii>> {
        if let Some((used, tokens)) = self.single.get(persona) {
            let next = used.fetch_add(1, Ordering::Relaxed);
            return tokens.get(next).cloned().context("there are fewer tokens than calls");
        }
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.get(persona).cloned().context("nobody of this name plays")
    }

    /// A request of somebody under a grant.
    pub fn granted<T>(&self, persona: &str, message: T, grant: &str) -> anyhow::Result<Request<T>> {
        let mut request = self.request(persona, message)?;
        request.metadata_mut().insert("ehub-grant", MetadataValue::try_from(grant)?);
        Ok(request)
    }

    /// A new id.
    pub fn id(&self) -> String {
        self.clock.uuid_v7().to_string()
    }

    pub fn intake(&self) -> IntakeServiceClient<Channel> {
        IntakeServiceClient::new(self.channel("intake"))
    }

    pub fn allocation(&self) -> AllocationServiceClient<Channel> {
        AllocationServiceClient::new(self.channel("allocation"))
    }

    pub fn writeback(&self) -> WritebackServiceClient<Channel> {
        WritebackServiceClient::new(self.channel("writeback"))
    }

    pub fn prescribing(&self) -> PrescribingServiceClient<Channel> {
        PrescribingServiceClient::new(self.channel("prescribing"))
    }

    fn channel(&self, service: &str) -> Channel {
        let channels = &self.channels[service];
        channels[self.turn.fetch_add(1, Ordering::Relaxed) % channels.len()].clone()
    }
}

/// Tokens by persona, from a file.
fn single(file: &Path) -> anyhow::Result<Single> {
    let tokens: BTreeMap<String, Vec<String>> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let mut single = BTreeMap::new();
    for (persona, tokens) in tokens {
        let values = tokens.iter().map(|token| MetadataValue::try_from(format!("Bearer {token}")));
        single.insert(persona, (AtomicUsize::new(0), values.collect::<Result<_, _>>()?));
    }
    Ok(single)
}
