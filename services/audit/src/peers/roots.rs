//! What the sources hold, asked of them.

use std::collections::HashMap;

use async_trait::async_trait;
use ehub_host::PeerChannel;
use ehub_proto::internal::v1::{
    FindRootsRequest, ListRootsRequest, Root as ProtoRoot, SnapshotRootsRequest, roots_client::RootsClient,
};
use ehub_roots::{PAGE, Root};
use prost::bytes::Bytes;
use tonic::{
    body::Body,
    client::GrpcService,
    codegen::{Body as HttpBody, StdError},
};
use uuid::Uuid;

/// How many pages of what was looked for are read.
const FIND_PAGES: usize = 20;

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

/// A stretch of a source's roots, counted.
#[derive(Debug)]
pub struct Counted {
    /// Count and digest of each shard that holds anything, of one snapshot.
    pub shards: HashMap<u8, (i64, [u8; 16])>,
    /// The last id counted, when there may be more after it.
    pub through: Option<Uuid>,
}

/// Roots looked for.
#[derive(Debug)]
pub struct Found {
    /// What was there.
    pub roots: Vec<Root>,
    /// Up to which id was looked; the largest there can be unless there was too much.
    pub through: Uuid,
    /// What to ask with next time for what has changed since.
    pub position: String,
}

/// A source of events that says what it holds.
#[async_trait]
pub trait RootsPeer: Send + Sync {
    /// Its name.
    fn source(&self) -> &'static str;

    /// Counts at most so many roots after an id.
    async fn count(&self, after: Uuid, most: i32) -> Result<Counted, PeerError>;

    /// The roots of one shard, after an id and up to another.
    async fn list(&self, shard: u8, after: Uuid, through: Uuid) -> Result<Vec<Root>, PeerError>;

    /// The roots of these ids, and those that have changed since a position.
    async fn find(&self, ids: &[Uuid], changed_since: &str) -> Result<Found, PeerError>;
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

    async fn count(&self, after: Uuid, most: i32) -> Result<Counted, PeerError> {
        let request = SnapshotRootsRequest { after: after.to_string(), most };
        let answer = self.client.clone().snapshot_roots(request).await.map_err(refused)?.into_inner();
        let shards = answer
            .shards
            .into_iter()
            .map(|held| {
                let shard = u8::try_from(held.shard).map_err(|_| PeerError::Unreadable)?;
                let digest = <[u8; 16]>::try_from(&held.digest[..]).map_err(|_| PeerError::Unreadable)?;
                Ok((shard, (held.count, digest)))
            })
            .collect::<Result<HashMap<_, (i64, _)>, _>>()?;
        // Whoever counts more than was asked for does not know what a stretch is.
        if shards.values().map(|(count, _)| count).sum::<i64>() > i64::from(most) {
            return Err(PeerError::Unreadable);
        }
        let through = match answer.through.as_str() {
            "" => None,
            id => Some(Uuid::parse_str(id).ok().filter(|id| *id > after).ok_or(PeerError::Unreadable)?),
        };
        Ok(Counted { shards, through })
    }

    async fn list(&self, shard: u8, after: Uuid, through: Uuid) -> Result<Vec<Root>, PeerError> {
        let mut pages = Pages::within(after, through);
        while !pages.ended {
            let request = ListRootsRequest {
                shard: i32::from(shard),
                after: pages.last.to_string(),
                through: through.to_string(),
            };
            pages.add(self.client.clone().list_roots(request).await.map_err(refused)?.into_inner().roots)?;
        }
        Ok(pages.roots)
    }

    async fn find(&self, ids: &[Uuid], changed_since: &str) -> Result<Found, PeerError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let (mut pages, mut position) = (Pages::within(Uuid::nil(), Uuid::max()), None);
        // Each page looks for all that has changed anew: somewhere it is too much.
        for _ in 0..FIND_PAGES {
            let request = FindRootsRequest {
                ids: ids.clone(),
                changed_since: changed_since.to_owned(),
                after: pages.last.to_string(),
            };
            let answer = self.client.clone().find_roots(request).await.map_err(refused)?.into_inner();
            // What changes while later pages are read is found next time.
            position.get_or_insert(answer.position);
            pages.add(answer.roots)?;
            if pages.ended {
                break;
            }
        }
        let through = if pages.ended { Uuid::max() } else { pages.last };
        Ok(Found { roots: pages.roots, through, position: position.unwrap_or_default() })
    }
}

/// Pages of roots by id, until one is not full.
struct Pages {
    roots: Vec<Root>,
    last: Uuid,
    through: Uuid,
    ended: bool,
}

impl Pages {
    fn within(after: Uuid, through: Uuid) -> Self {
        Self { roots: Vec::new(), last: after, through, ended: false }
    }

    fn add(&mut self, page: Vec<ProtoRoot>) -> Result<(), PeerError> {
        self.ended = page.len() < PAGE;
        for root in page {
            // A source that repeats a page would be asked for ever.
            let within = |id: &Uuid| *id > self.last && *id <= self.through;
            let id = Uuid::parse_str(&root.id).ok().filter(within).ok_or(PeerError::Unreadable)?;
            self.last = id;
            self.roots.push(Root { id, version: root.version, state: root.state });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: std::ops::Range<u128>) -> Vec<ProtoRoot> {
        let root = |id| ProtoRoot { id: Uuid::from_u128(id).to_string(), version: 1, state: "QUEUED".to_owned() };
        ids.map(root).collect()
    }

    #[test]
    fn a_full_page_is_followed_by_another_that_begins_after_it() {
        let mut pages = Pages::within(Uuid::from_u128(7), Uuid::max());
        pages.add(page(8..1008)).expect("read");
        assert!(!pages.ended);
        assert_eq!(pages.last, Uuid::from_u128(1007));
        pages.add(page(1008..1010)).expect("read");
        assert!(pages.ended);
        assert_eq!(pages.roots.len(), 1002);
    }

    #[test]
    fn what_was_not_asked_for_is_not_read() {
        for (case, wrong) in
            [("again", page(8..10)), ("before", page(6..8)), ("beyond", page(19..22)), ("none", vec![])]
        {
            let mut pages = Pages::within(Uuid::from_u128(7), Uuid::from_u128(20));
            pages.add(page(8..10)).expect("read");
            assert_eq!(pages.add(wrong).is_err(), case != "none", "{case}");
        }
    }
}
