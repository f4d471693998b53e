//! Proofs of inclusion and consistency, from O(log n) stored nodes.

use ehub_identifiers::EventId;
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    storage::{checkpoints, leaves, nodes},
    tree::{Hash, NodeMissing, Proof},
};

/// Proves that an event's leaf is in the tree.
#[derive(Debug, Clone, Copy)]
pub struct ProveInclusion {
    /// The event.
    pub event: EventId,
    /// The tree's size; that of the newest checkpoint when absent.
    pub size: Option<i64>,
}

/// Proves that one tree begins another.
#[derive(Debug, Clone, Copy)]
pub struct ProveConsistency {
    /// The smaller size.
    pub first: i64,
    /// The larger size; that of the newest checkpoint when absent.
    pub second: Option<i64>,
}

/// A proof of inclusion.
#[derive(Debug)]
pub struct Inclusion {
    /// The leaf's place.
    pub index: i64,
    /// The tree's size.
    pub size: i64,
    /// The leaf as stored.
    pub leaf: Vec<u8>,
    /// The audit path.
    pub path: Vec<Hash>,
    /// The checkpoint of that size, when one was signed.
    pub checkpoint: Option<String>,
}

/// A proof of consistency.
#[derive(Debug)]
pub struct Consistency {
    /// The larger size.
    pub second: i64,
    /// The proof.
    pub path: Vec<Hash>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event has no leaf in a tree of that size.
    #[error("no such event in the tree of that size")]
    LeafNotFound,
    /// The tree is smaller than that.
    #[error("the tree has {size} leaves")]
    TreeSmaller {
        /// How many leaves there are.
        size: i64,
    },
    /// The smaller size is larger than the larger.
    #[error("the first size is larger than the second")]
    WrongOrder,
    /// Nothing was signed yet.
    #[error("no checkpoint has been signed yet")]
    NoCheckpoint,
    /// The stored tree lacks a node.
    #[error("the stored tree is damaged")]
    Damaged(#[from] NodeMissing),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for ProveInclusion {
    const NAME: &'static str = "prove_inclusion";
    type Output = Inclusion;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Inclusion, Error> {
        tx.about(self.event.name());
        let size = size(tx, self.size).await?;
        let (index, leaf) = leaves::of_event(tx, self.event.uuid()).await?.ok_or(Error::LeafNotFound)?;
        let place = u64::try_from(index).map_err(|_| Error::LeafNotFound)?;
        let whole = u64::try_from(size).map_err(|_| Error::LeafNotFound)?;
        let proof = Proof::inclusion(place, whole).ok_or(Error::LeafNotFound)?;
        let held = nodes::read(tx, &proof.needs()).await?;
        let checkpoint = checkpoints::of_size(tx, size).await?.map(|signed| signed.note);
        Ok(Inclusion { index, size, leaf, path: proof.hashes(&held)?, checkpoint })
    }
}

impl Work for ProveConsistency {
    const NAME: &'static str = "prove_consistency";
    type Output = Consistency;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Consistency, Error> {
        let second = size(tx, self.second).await?;
        if self.second.is_none() && self.first > second {
            return Err(Error::TreeSmaller { size: second });
        }
        let sizes = (u64::try_from(self.first), u64::try_from(second));
        let (Ok(first), Ok(whole)) = sizes else { return Err(Error::WrongOrder) };
        let proof = Proof::consistency(first, whole).ok_or(Error::WrongOrder)?;
        let held = nodes::read(tx, &proof.needs()).await?;
        Ok(Consistency { second, path: proof.hashes(&held)? })
    }
}

/// The size asked for, when the tree is that large; that of the newest checkpoint otherwise.
async fn size(tx: &mut Tx, asked: Option<i64>) -> Result<i64, Error> {
    match asked {
        None => Ok(checkpoints::newest(tx).await?.ok_or(Error::NoCheckpoint)?.size),
        Some(asked) => {
            let size = leaves::size(tx).await?;
            if asked <= size { Ok(asked) } else { Err(Error::TreeSmaller { size }) }
        }
    }
}
