//! Compares what a source holds with what its events have told.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_roots::{Root, Tally};
use uuid::Uuid;

use crate::{
    domain::no_loss::BreachKind,
    peers::roots::{PeerError, RootsPeer},
    storage::{
        differences::{self, Seen},
        roots,
        walks::{self, Walk},
    },
};

/// How many roots are counted at a time, and how often in one look: so much of a source is compared each time, however
/// much it holds.
const STRETCH: i32 = 10_000;
const STRETCHES: usize = 5;
/// How many of our own are read beside a stretch of a source's, at most: it may have lost all that came after.
const OURS: i64 = 40_000;
/// With so many differences the walk stays where it is; no proof names more.
const ENOUGH: usize = 1_000;
/// After so long a look goes no further: other sources wait, and the conclusion does.
const PATIENCE: Duration = Duration::from_secs(20);
/// For so long a position is asked with. What has changed since an older one may be too much to be found in one go.
const POSITION_LASTS: Duration = Duration::from_secs(300);

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

/// Compares what has changed, what differed so far, and the next stretches of all roots; keeps what differs. The source
/// is always read first: what moves meanwhile shows as audit being ahead, which is no difference.
pub async fn compare(db: &Db, scope: &Scope, peer: &Arc<dyn RootsPeer>) -> Result<(), StorageError> {
    let source = peer.source();
    let (walk, known) = db.run(scope, &Begin { source }).await?;
    let look = Look { db, scope, peer: &**peer, began: db.clock().monotonic() };
    match look.differing(walk, known).await {
        Ok(keep) => db.run(scope, &keep).await,
        Err(Error::Peer(error)) => {
            tracing::warn!(source, error = &error as &dyn std::error::Error, "a source was not compared");
            db.run(scope, &NotAsked { source }).await
        }
        Err(Error::Storage(error)) => Err(error),
    }
}

/// One look at one source.
struct Look<'a> {
    db: &'a Db,
    scope: &'a Scope,
    peer: &'a dyn RootsPeer,
    began: std::time::Instant,
}

/// What came of one stretch.
struct Stretch {
    seen: Vec<Seen>,
    /// The last id that was compared; none when the source and audit hold nothing after it.
    through: Option<Uuid>,
    /// Whether all of it was compared.
    whole: bool,
}

impl Look<'_> {
    /// What is to be kept: all differences known now, and where the walk has come to.
    async fn differing(&self, mut walk: Walk, known: Vec<Uuid>) -> Result<Keep, Error> {
        let now = self.db.clock().now();
        if walk.asked_at.is_none_or(|at| now - at > POSITION_LASTS) {
            walk.changed_since.clear();
        }
        let found = self.peer.find(&known, &walk.changed_since).await?;
        let known: Vec<Uuid> = known.into_iter().filter(|id| *id <= found.through).collect();
        let ids = known.iter().copied().chain(found.roots.iter().map(|root| root.id)).collect();
        let ours = self.read(Of::Ids(ids)).await?;
        let mut seen: BTreeMap<Uuid, Seen> = by_id(&found.roots, &ours).into_iter().map(|one| (one.id, one)).collect();
        let level = known.into_iter().filter(|id| !seen.contains_key(id)).collect();
        // What changed unseen is found by a walk from the beginning, and so is what is too much to be told or remembered
        // one by one.
        if walk.lost_sight(&found.position) || found.through < Uuid::max() || seen.len() > ENOUGH {
            walk.restart();
        }
        while seen.len() > ENOUGH {
            seen.pop_last();
        }
        walk.changed_since = found.position;
        walk.asked_at = Some(now);
        for _ in 0..STRETCHES {
            if seen.len() >= ENOUGH || self.out_of_patience() {
                break;
            }
            if walk.after.is_nil() {
                walk.began = Some(self.db.clock().now());
            }
            let stretch = self.stretch(walk.after).await?;
            seen.extend(stretch.seen.into_iter().map(|one| (one.id, one)));
            if !stretch.whole {
                break;
            }
            walk.after = stretch.through.unwrap_or_default();
            if stretch.through.is_none() {
                walk.whole_since = walk.began;
                break;
            }
        }
        Ok(Keep { source: self.peer.source(), level, seen: seen.into_values().collect(), walk })
    }

    /// What differs in one stretch: whole shards are compared first, and by id those that differ.
    async fn stretch(&self, after: Uuid) -> Result<Stretch, Error> {
        let counted = self.peer.count(after, STRETCH).await?;
        let ours = self.read(Of::Stretch(after, counted.through.unwrap_or(Uuid::max()))).await?;
        // We know of far more than the source holds here: no further than what was read.
        let cut = ours.last().filter(|_| i64::try_from(ours.len()) == Ok(OURS)).map(|root| root.id);
        let through = cut.or(counted.through);
        let end = through.unwrap_or(Uuid::max());
        let tally: Tally = ours.iter().collect();
        let held: Shards = tally.shards().map(|(shard, tally)| (shard, (tally.count, tally.digest()))).collect();
        let differing = (0..=u8::MAX).filter(|shard| counted.shards.get(shard) != held.get(shard));
        let (mut listed, mut shards, mut whole) = (Vec::new(), Vec::new(), true);
        for shard in differing {
            if self.out_of_patience() {
                whole = false;
                break;
            }
            listed.extend(self.peer.list(shard, after, end).await?);
            shards.push(shard);
        }
        if shards.is_empty() {
            return Ok(Stretch { seen: Vec::new(), through, whole });
        }
        // Read anew, after the source: what audit has heard of meanwhile is no difference.
        let known: Vec<Root> = self.read(Of::Stretch(after, end)).await?;
        let known: Vec<Root> = known.into_iter().filter(|root| shards.contains(&root.id.as_bytes()[15])).collect();
        let mut seen = by_id(&listed, &known);
        whole &= seen.len() <= ENOUGH;
        seen.truncate(ENOUGH);
        Ok(Stretch { seen, through, whole })
    }

    async fn read(&self, of: Of) -> Result<Vec<Root>, StorageError> {
        self.db.run(self.scope, &ReadRoots { source: self.peer.source(), of }).await
    }

    fn out_of_patience(&self) -> bool {
        self.db.clock().monotonic() - self.began > PATIENCE
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

struct Begin {
    source: &'static str,
}

impl Work for Begin {
    const NAME: &'static str = "begin_look";
    type Output = (Walk, Vec<Uuid>);
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, StorageError> {
        let known = differences::oldest(tx, self.source, ENOUGH).await?;
        Ok((walks::of(tx, self.source).await?, known))
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
            Of::Stretch(after, through) => {
                tx.reads_in_order().await?;
                roots::between(tx, self.source, *after, *through, OURS).await
            }
            Of::Ids(ids) => roots::of_ids(tx, self.source, ids).await,
        }
    }
}

struct Keep {
    source: &'static str,
    /// What was known to differ, and does no more.
    level: Vec<Uuid>,
    seen: Vec<Seen>,
    walk: Walk,
}

impl Work for Keep {
    const NAME: &'static str = "keep_differences";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        // Who comes second may have asked before what the first has found, and before the position it has left.
        if walks::put(tx, self.source, &self.walk).await? {
            differences::clear(tx, self.source, &self.level).await?;
        }
        differences::keep(tx, self.source, &self.seen).await
    }
}

struct NotAsked {
    source: &'static str,
}

impl Work for NotAsked {
    const NAME: &'static str = "source_not_asked";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        differences::not_asked(tx, self.source).await
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
