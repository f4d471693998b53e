//! Computes the proof that nothing is lost: compares every source, then counts and concludes.

use std::sync::Arc;

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};

use super::compare::compare;
use crate::{
    domain::no_loss::{Limits, NoLoss, conclude},
    peers::roots::RootsPeer,
    storage::{differences, proof, walks},
};

/// Computes it, on the database and as the role it was made for.
#[derive(Clone)]
pub struct Prover {
    db: Db,
    scope: Scope,
    peers: Arc<[Arc<dyn RootsPeer>]>,
    limits: Limits,
}

impl std::fmt::Debug for Prover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prover").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Prover {
    /// A prover. `scope` must pass row security: service or work.
    pub fn new(db: Db, scope: Scope, peers: Arc<[Arc<dyn RootsPeer>]>, limits: Limits) -> Self {
        Self { db, scope, peers, limits }
    }

    /// Computes, keeps and gives the proof.
    ///
    /// # Errors
    /// When our own storage fails; a source that cannot be asked is part of the proof.
    pub async fn prove(&self) -> Result<NoLoss, StorageError> {
        for peer in self.peers.iter() {
            compare(&self.db, &self.scope, peer).await?;
        }
        let sources = self.peers.iter().map(|peer| peer.source()).collect();
        self.db.run(&self.scope, &Conclude { limits: self.limits, sources }).await
    }
}

struct Conclude {
    limits: Limits,
    sources: Vec<&'static str>,
}

impl Work for Conclude {
    const NAME: &'static str = "conclude_no_loss";
    type Output = NoLoss;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<NoLoss, StorageError> {
        tx.reads_whole_tables().await?;
        let counts = proof::counts(tx).await?;
        let found = differences::lasting(tx, self.limits.grace).await?;
        let in_transit = proof::in_transit(tx).await?;
        let open = proof::open_things(tx).await?;
        let concluded = conclude(counts, found, in_transit, open, self.limits, tx.at());
        let compared_since = walks::whole_since(tx, &self.sources).await?;
        let concluded = NoLoss { compared_since, ..concluded };
        proof::put(tx, &concluded).await?;
        Ok(concluded)
    }
}
