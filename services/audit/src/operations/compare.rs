//! Compares what a source holds with what its events have told.

use std::{collections::HashMap, sync::Arc};

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_roots::{Root, Tally};
use uuid::Uuid;

use crate::{
    domain::no_loss::BreachKind,
    peers::roots::{PeerError, RootsPeer},
    storage::{
        differences::{self, Seen},
        roots,
    },
};

/// Why a source was not compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be asked.
    #[error("the source could not be asked")]
    Peer(#[from] PeerError),
    /// Our own storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

/// Compares one source and keeps what differs. The source is always read first: what moves
/// meanwhile shows as audit being ahead, which is no difference.
pub async fn compare(db: &Db, scope: &Scope, peer: &Arc<dyn RootsPeer>) -> Result<usize, Error> {
    let seen = match differing(db, scope, peer).await {
        Ok(seen) => Some(seen),
        Err(Error::Peer(error)) => {
            tracing::warn!(
                source = peer.source(),
                error = &error as &dyn std::error::Error,
                "a source was not compared"
            );
            None
        }
        Err(error) => return Err(error),
    };
    let found = seen.as_ref().map_or(0, Vec::len);
    db.run(scope, &Keep { source: peer.source(), seen }).await?;
    Ok(found)
}

async fn differing(db: &Db, scope: &Scope, peer: &Arc<dyn RootsPeer>) -> Result<Vec<Seen>, Error> {
    let theirs = peer.snapshot().await?;
    let ours = db.run(scope, &ReadRoots { source: peer.source(), shard: None }).await?;
    let ours: Tally = ours.iter().collect();
    let ours: HashMap<u8, (i64, [u8; 16])> =
        ours.shards().map(|(shard, tally)| (shard, (tally.count, tally.digest()))).collect();
    let mut seen = Vec::new();
    for shard in 0..=u8::MAX {
        if theirs.get(&shard) == ours.get(&shard) {
            continue;
        }
        let listed = peer.list(shard).await?;
        let known = db.run(scope, &ReadRoots { source: peer.source(), shard: Some(shard) }).await?;
        seen.extend(by_id(&listed, &known));
    }
    Ok(seen)
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

struct ReadRoots {
    source: &'static str,
    shard: Option<u8>,
}

impl Work for ReadRoots {
    const NAME: &'static str = "read_own_roots";
    type Output = Vec<Root>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
        match self.shard {
            None => {
                tx.reads_whole_tables().await?;
                roots::all(tx, self.source).await
            }
            Some(shard) => roots::of_shard(tx, self.source, shard).await,
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
