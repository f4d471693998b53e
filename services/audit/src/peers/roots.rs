//! What the sources hold, asked of them.

use std::collections::HashMap;

use async_trait::async_trait;
use ehub_host::PeerChannel;
use ehub_proto::internal::v1::{ListRootsRequest, SnapshotRootsRequest, roots_client::RootsClient};
use ehub_roots::Root;
use prost::bytes::Bytes;
use tonic::{
    body::Body,
    client::GrpcService,
    codegen::{Body as HttpBody, StdError},
};
use uuid::Uuid;

/// How many roots a full page has: a shorter one is the last.
const PAGE: usize = 1000;

/// Why a source did not say what it holds.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It could not be reached, or refused.
    #[error("the source did not answer")]
    Status(#[source] Box<tonic::Status>),
    /// Its answer makes no sense.
    #[error("the source's answer cannot be read")]
    Unreadable,
}

fn refused(status: tonic::Status) -> PeerError {
    PeerError::Status(Box::new(status))
}

/// A source of events that says what it holds.
#[async_trait]
pub trait RootsPeer: Send + Sync {
    /// Its name.
    fn source(&self) -> &'static str;

    /// Count and digest of each shard that holds anything, of one snapshot.
    async fn snapshot(&self) -> Result<HashMap<u8, (i64, [u8; 16])>, PeerError>;

    /// The roots of one shard.
    async fn list(&self, shard: u8) -> Result<Vec<Root>, PeerError>;
}

/// A source behind its internal port.
pub struct RemoteRoots<T> {
    source: &'static str,
    client: RootsClient<T>,
}

impl<T> std::fmt::Debug for RemoteRoots<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteRoots").field("source", &self.source).finish_non_exhaustive()
    }
}

impl RemoteRoots<PeerChannel> {
    /// A source by its channel.
    pub fn new(source: &'static str, channel: PeerChannel) -> Self {
        Self { source, client: RootsClient::new(channel) }
    }
}

// General over the transport: with the concrete one the compiler cannot see that the futures are Send.
#[async_trait]
impl<T> RootsPeer for RemoteRoots<T>
where
    T: GrpcService<Body> + Clone + Send + Sync + 'static,
    T::Error: Into<StdError>,
    T::Future: Send,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    fn source(&self) -> &'static str {
        self.source
    }

    async fn snapshot(&self) -> Result<HashMap<u8, (i64, [u8; 16])>, PeerError> {
        let answer = self.client.clone().snapshot_roots(SnapshotRootsRequest {}).await.map_err(refused)?;
        answer
            .into_inner()
            .shards
            .into_iter()
            .map(|held| {
                let shard = u8::try_from(held.shard).map_err(|_| PeerError::Unreadable)?;
                let digest = <[u8; 16]>::try_from(&held.digest[..]).map_err(|_| PeerError::Unreadable)?;
                Ok((shard, (held.count, digest)))
            })
            .collect()
    }

    async fn list(&self, shard: u8) -> Result<Vec<Root>, PeerError> {
        let mut roots: Vec<Root> = Vec::new();
        let mut after = String::new();
        loop {
            let request = ListRootsRequest { shard: i32::from(shard), after: after.clone() };
            let page = self.client.clone().list_roots(request).await.map_err(refused)?.into_inner().roots;
            let last = page.len() < PAGE;
            for root in page {
                let id = Uuid::parse_str(&root.id).map_err(|_| PeerError::Unreadable)?;
                roots.push(Root { id, version: root.version, state: root.state });
            }
            match roots.last() {
                // A source that repeats a page would be asked for ever.
                Some(root) if !last && root.id.to_string() > after => after = root.id.to_string(),
                _ => return Ok(roots),
            }
        }
    }
}
