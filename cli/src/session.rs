//! Calling the suite as somebody: a token, channels, and requests that carry both.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use ehub_proto::{
    allocation::v1::{
        allocation_service_client::AllocationServiceClient, register_service_client::RegisterServiceClient,
    },
    audit::v1::audit_service_client::AuditServiceClient,
    intake::v1::intake_service_client::IntakeServiceClient,
    internal::v1::streams_client::StreamsClient,
    prescribing::v1::prescribing_service_client::PrescribingServiceClient,
    writeback::v1::writeback_service_client::WritebackServiceClient,
};
use tonic::{
    Request,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

use crate::world::World;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// A token is renewed when it is this old; it lasts five minutes.
const RENEW: Duration = Duration::from_secs(180);

/// Channels to the suite, shared by everybody who plays.
#[derive(Debug, Clone)]
pub struct Suite {
    channels: Arc<BTreeMap<String, Channel>>,
    /// To the second port of each service, for operators.
    internal: Arc<BTreeMap<String, Channel>>,
    token_endpoint: String,
    http: reqwest::Client,
}

impl Suite {
    /// Channels to a running suite; they connect when first used.
    pub fn of(world: &World) -> anyhow::Result<Self> {
        let to = |uri: &str| -> anyhow::Result<Channel> {
            let endpoint = Endpoint::from_shared(uri.to_owned())?;
            Ok(endpoint.connect_timeout(Duration::from_secs(5)).tcp_nodelay(true).connect_lazy())
        };
        let (mut channels, mut internal) = (BTreeMap::new(), BTreeMap::new());
        for (name, addresses) in &world.services {
            channels.insert(name.clone(), to(&addresses.grpc)?);
            internal.insert(name.clone(), to(&addresses.internal)?);
        }
        Ok(Self {
            channels: Arc::new(channels),
            internal: Arc::new(internal),
            token_endpoint: format!("{}/token", world.issuer),
            http: reqwest::Client::new(),
        })
    }

    /// Calls as a persona of the development issuer.
    pub fn as_persona(&self, name: &str) -> Session {
        Session { suite: self.clone(), persona: name.to_owned(), token: Arc::new(Mutex::new(None)) }
    }

    fn channel(&self, service: &str) -> Channel {
        known(&self.channels, service)
    }
}

/// A service the world file does not name answers nothing.
fn known(channels: &BTreeMap<String, Channel>, service: &str) -> Channel {
    channels.get(service).cloned().unwrap_or_else(|| Endpoint::from_static("http://127.0.0.1:1").connect_lazy())
}

/// Somebody's access to the suite.
#[derive(Debug, Clone)]
pub struct Session {
    suite: Suite,
    persona: String,
    token: Arc<Mutex<Option<(Instant, String)>>>,
}

impl Session {
    /// Who this is.
    pub fn name(&self) -> &str {
        &self.persona
    }

    /// A token that is good for another while.
    #[expect(clippy::disallowed_methods, reason = "a command's own patience and request, not the suite's")]
    pub async fn token(&self) -> anyhow::Result<String> {
        let held = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((since, token)) = held
            && since.elapsed() < RENEW
        {
            return Ok(token);
        }
        let body = format!("grant_type=client_credentials&client_id={}", self.persona);
        let answer: serde_json::Value = self
            .suite
            .http
            .post(&self.suite.token_endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .context("the token issuer does not answer")?
            .error_for_status()
            .with_context(|| format!("no token for {}", self.persona))?
            .json()
            .await?;
        let token = answer["access_token"].as_str().context("the issuer gave no access_token")?.to_owned();
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), token.clone()));
        Ok(token)
    }

    /// A request with token and deadline.
    pub async fn request<T>(&self, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Request::new(message);
        request.set_timeout(DEADLINE);
        let bearer = MetadataValue::try_from(format!("Bearer {}", self.token().await?))?;
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }

    /// A request with token, deadline and grant.
    pub async fn granted<T>(&self, message: T, grant: &str) -> anyhow::Result<Request<T>> {
        let mut request = self.request(message).await?;
        request.metadata_mut().insert("ehub-grant", MetadataValue::try_from(grant)?);
        Ok(request)
    }

    pub fn intake(&self) -> IntakeServiceClient<Channel> {
        IntakeServiceClient::new(self.suite.channel("intake"))
    }

    pub fn allocation(&self) -> AllocationServiceClient<Channel> {
        AllocationServiceClient::new(self.suite.channel("allocation"))
    }

    pub fn register(&self) -> RegisterServiceClient<Channel> {
        RegisterServiceClient::new(self.suite.channel("allocation"))
    }

    pub fn writeback(&self) -> WritebackServiceClient<Channel> {
        WritebackServiceClient::new(self.suite.channel("writeback"))
    }

    pub fn prescribing(&self) -> PrescribingServiceClient<Channel> {
        PrescribingServiceClient::new(self.suite.channel("prescribing"))
    }

    /// What waits in a service's outbox, on its second port.
    pub fn streams(&self, service: &str) -> StreamsClient<Channel> {
        StreamsClient::new(known(&self.suite.internal, service))
    }

    pub fn audit(&self) -> AuditServiceClient<Channel> {
        AuditServiceClient::new(self.suite.channel("audit"))
    }
}

/// A new request id.
#[expect(clippy::disallowed_methods, reason = "a caller makes its own ids")]
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
