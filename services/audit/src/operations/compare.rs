//! Compares what a source holds with what its events have told.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_roots::{Root, Tally};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    domain::no_loss::BreachKind,
    peers::roots::{PeerError, RootsPeer},
    storage::{
        differences::{self, Seen},
        roots,
    },
};

/// How many roots are counted at a time, and how often in one look: so much of a source is compared each time, however
/// much it holds.
const STRETCH: i32 = 10_000;
const STRETCHES: usize = 5;
/// With so many differences no more are looked for; no proof names as many.
const ENOUGH: usize = 1_000;

/// Counts and digests by shard.
type Shards = HashMap<u8, (i64, [u8; 16])>;

/// Why a source was not compared.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// It could not be asked.
    #[error("the source could not be asked")]
    Peer(#[from] PeerError),
    /// Our own storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

/// A source, and how far it has been compared.
pub struct Source {
    peer: Arc<dyn RootsPeer>,
    walk: Mutex<Walk>,
}

/// Where the walk through a source's roots stands, and since when it has not been asked what has changed.
#[derive(Debug, Clone, Default)]
struct Walk {
    after: Uuid,
    changed_since: String,
    /// When the walk left the first root.
    began: Option<OffsetDateTime>,
    /// When the last walk that ended had begun: every root has been compared since then.
    whole_since: Option<OffsetDateTime>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("source", &self.peer.source()).finish_non_exhaustive()
    }
}

impl Source {
    /// A source that has not been compared yet.
    pub fn new(peer: Arc<dyn RootsPeer>) -> Self {
        Self { peer, walk: Mutex::default() }
    }

    /// Compares what has changed, what differed so far, and the next stretches of all roots; keeps what differs. The
    /// source is always read first: what moves meanwhile shows as audit being ahead, which is no difference. Gives since
    /// when every root has been compared.
    pub async fn compare(&self, db: &Db, scope: &Scope) -> Result<Option<OffsetDateTime>, StorageError> {
        let source = self.peer.source();
        // Who comes second goes on from where the first has come to.
        let mut walk = self.walk.lock().await;
        let mut ahead = walk.clone();
        let round = Round { db, scope, peer: &*self.peer };
        let seen = match round.differing(&mut ahead).await {
            Ok(seen) => Some(seen),
            Err(Error::Peer(error)) => {
                tracing::warn!(source, error = &error as &dyn std::error::Error, "a source was not compared");
                None
            }
            Err(Error::Storage(error)) => return Err(error),
        };
        let asked = seen.is_some();
        db.run(scope, &Keep { source, seen }).await?;
        // Not before it is kept: else it would be looked at again only after all the others.
        if asked {
            *walk = ahead;
        }
        Ok(walk.whole_since)
    }
}

/// One look at one source.
struct Round<'a> {
    db: &'a Db,
    scope: &'a Scope,
    peer: &'a dyn RootsPeer,
}

impl Round<'_> {
    /// All differences known now.
    async fn differing(&self, walk: &mut Walk) -> Result<Vec<Seen>, Error> {
        let source = self.peer.source();
        let known = self.db.run(self.scope, &KnownToDiffer { source }).await?;
        let found = self.peer.find(&known, &walk.changed_since).await?;
        let ids = known.into_iter().chain(found.roots.iter().map(|root| root.id)).collect();
        let ours = self.db.run(self.scope, &ReadRoots { source, of: Of::Ids(ids) }).await?;
        let mut seen: BTreeMap<Uuid, Seen> = BTreeMap::new();
        seen.extend(by_id(&found.roots, &ours).into_iter().map(|one| (one.id, one)));
        walk.changed_since = found.position;
        for _ in 0..STRETCHES {
            // More than is told of anyway.
            if seen.len() >= ENOUGH {
                break;
            }
            if walk.after.is_nil() {
                walk.began = Some(self.db.clock().now());
            }
            let counted = self.peer.count(walk.after, STRETCH).await?;
            let through = counted.through.unwrap_or(Uuid::max());
            seen.extend(self.stretch(walk.after, through, &counted.shards).await?.into_iter().map(|one| (one.id, one)));
            walk.after = counted.through.unwrap_or_default();
            if counted.through.is_none() {
                walk.whole_since = walk.began;
                break;
            }
        }
        Ok(seen.into_values().collect())
    }

    /// What differs in one stretch: whole shards are compared first, and by id those that differ.
    async fn stretch(&self, after: Uuid, through: Uuid, theirs: &Shards) -> Result<Vec<Seen>, Error> {
        let source = self.peer.source();
        let between = || ReadRoots { source, of: Of::Stretch(after, through) };
        let tally: Tally = self.db.run(self.scope, &between()).await?.iter().collect();
        let ours: Shards = tally.shards().map(|(shard, tally)| (shard, (tally.count, tally.digest()))).collect();
        let differing: Vec<u8> = (0..=u8::MAX).filter(|shard| theirs.get(shard) != ours.get(shard)).collect();
        let mut seen = Vec::new();
        for shard in differing {
            let listed = self.peer.list(shard, after, through).await?;
            // Read anew: what audit has heard of meanwhile is no difference.
            let known = self.db.run(self.scope, &between()).await?;
            let known: Vec<Root> = known.into_iter().filter(|root| root.id.as_bytes()[15] == shard).collect();
            seen.extend(by_id(&listed, &known));
            if seen.len() >= ENOUGH {
                break;
            }
        }
        Ok(seen)
    }
}

/// The differences between what a source listed and what is known of it.
fn by_id(listed: &[Root], known: &[Root]) -> Vec<Seen> {
    let ours: HashMap<Uuid, &Root> = known.iter().map(|root| (root.id, root)).collect();
    let theirs: HashMap<Uuid, &Root> = listed.iter().map(|root| (root.id, root)).collect();
    let mut seen = Vec::new();
    for root in listed {
        let difference = match ours.get(&root.id) {
            None => Some((BreachKind::MissingAtAudit, 0)),
            Some(known) if known.version < root.version => Some((BreachKind::BehindAtAudit, known.version)),
            // The same version in another state: a change whose event was never raised.
            Some(known) if known.version == root.version && known.state != root.state => {
                Some((BreachKind::BehindAtAudit, known.version))
            }
            Some(_) => None,
        };
        if let Some((kind, ours)) = difference {
            seen.push(Seen { id: root.id, kind, lacking: root.version, ours });
        }
    }
    for root in known.iter().filter(|root| !theirs.contains_key(&root.id)) {
        seen.push(Seen { id: root.id, kind: BreachKind::MissingAtSource, lacking: root.version, ours: root.version });
    }
    seen
}

struct KnownToDiffer {
    source: &'static str,
}

impl Work for KnownToDiffer {
    const NAME: &'static str = "known_to_differ";
    type Output = Vec<Uuid>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Uuid>, StorageError> {
        differences::of_source(tx, self.source).await
    }
}

struct ReadRoots {
    source: &'static str,
    of: Of,
}

enum Of {
    /// After an id and up to another.
    Stretch(Uuid, Uuid),
    Ids(Vec<Uuid>),
}

impl Work for ReadRoots {
    const NAME: &'static str = "read_own_roots";
    type Output = Vec<Root>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
        match &self.of {
            Of::Stretch(after, through) => roots::between(tx, self.source, *after, *through).await,
            Of::Ids(ids) => roots::of_ids(tx, self.source, ids).await,
        }
    }
}

struct Keep {
    source: &'static str,
    seen: Option<Vec<Seen>>,
}

impl Work for Keep {
    const NAME: &'static str = "keep_differences";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        match &self.seen {
            Some(seen) => differences::keep(tx, self.source, seen).await,
            None => differences::not_asked(tx, self.source).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(id: u128, version: i64, state: &str) -> Root {
        Root { id: Uuid::from_u128(id), version, state: state.to_owned() }
    }

    #[test]
    fn lower_absent_and_silently_changed_roots_differ() {
        let listed = [root(1, 3, "QUEUED"), root(2, 2, "CLAIMED"), root(3, 5, "QUEUED")];
        let known = [root(2, 1, "QUEUED"), root(3, 5, "CLAIMED"), root(4, 1, "QUEUED")];
        let kinds: Vec<_> =
            by_id(&listed, &known).into_iter().map(|seen| (seen.id.as_u128(), seen.kind.as_str())).collect();
        assert_eq!(
            kinds,
            [(1, "MISSING_AT_AUDIT"), (2, "BEHIND_AT_AUDIT"), (3, "BEHIND_AT_AUDIT"), (4, "MISSING_AT_SOURCE")]
        );
    }

    #[test]
    fn being_ahead_is_no_difference() {
        assert_eq!(by_id(&[root(1, 3, "QUEUED")], &[root(1, 4, "CLAIMED")]), []);
    }
}
