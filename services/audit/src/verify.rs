//! Verification offline, with nothing but an export, a checkpoint and the published key.
//!
//! Nothing here trusts a database, and the tree's arithmetic is sigstore-merkle's, not that of the
//! service that made the log: one bug cannot hide in both.

use sigstore_merkle::{hash_children, hash_leaf, verify_consistency_proof, verify_inclusion_proof};
use sigstore_types::Sha256Hash;

use crate::{
    leaf::{LeafError, LeafV1},
    note::{Checkpoint, KeyError, NoteError, VerifierKey},
    tree::Hash,
};

/// Why something does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The verifier key cannot be read.
    #[error("the verifier key cannot be used: {0}")]
    Key(KeyError),
    /// The checkpoint is not signed by that key.
    #[error("the checkpoint does not verify: {0}")]
    Note(NoteError),
    /// A leaf cannot be read.
    #[error("leaf {index} is not one: {cause}")]
    Leaf {
        /// Its place.
        index: u64,
        /// Why.
        cause: LeafError,
    },
    /// A leaf says that it is at another place.
    #[error("leaf {index} says that it is leaf {seq}")]
    Order {
        /// Its place.
        index: u64,
        /// What it says.
        seq: u64,
    },
    /// The export has fewer leaves than the checkpoint.
    #[error("the export has {got} leaves, the checkpoint {size}")]
    Short {
        /// Leaves exported.
        got: u64,
        /// Leaves signed.
        size: u64,
    },
    /// The leaves make another tree than was signed.
    #[error("the leaves do not make the signed root")]
    Root,
    /// A proof does not lead to the root.
    #[error("the proof does not lead to the root")]
    Proof,
    /// A hash of a proof does not have 32 bytes.
    #[error("a hash of the proof does not have 32 bytes")]
    HashLength,
}

/// What verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which log.
    pub origin: String,
    /// How many leaves the checkpoint covers.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// How many leaves the export has beyond the checkpoint: nothing vouches for these yet.
    pub beyond: u64,
}

/// Verifies that the leaves of an export, from leaf 0 on, are exactly those a checkpoint signs.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_export(
    leaves: impl Iterator<Item = Vec<u8>>,
    checkpoint: &str,
    vkey: &str,
) -> Result<Verified, VerifyError> {
    let signed = open(checkpoint, vkey)?;
    // The roots of complete subtrees so far, with their sizes, largest first.
    let mut subtrees: Vec<(u64, Sha256Hash)> = Vec::new();
    let mut got = 0_u64;
    for leaf in leaves {
        let index = got;
        got += 1;
        if index >= signed.size {
            continue;
        }
        let says = LeafV1::from_bytes(&leaf).map_err(|cause| VerifyError::Leaf { index, cause })?;
        if says.seq != index {
            return Err(VerifyError::Order { index, seq: says.seq });
        }
        let mut whole = (1, hash_leaf(&leaf));
        while let Some((size, left)) = subtrees.pop_if(|(size, _)| *size == whole.0) {
            whole = (size * 2, hash_children(&left, &whole.1));
        }
        subtrees.push(whole);
    }
    if got < signed.size {
        return Err(VerifyError::Short { got, size: signed.size });
    }
    let mut edge = subtrees.into_iter().rev().map(|(_, hash)| hash);
    let root = match edge.next() {
        Some(last) => *edge.fold(last, |right, left| hash_children(&left, &right)).as_bytes(),
        None => crate::tree::Frontier::empty().root(),
    };
    if root != signed.root {
        return Err(VerifyError::Root);
    }
    Ok(Verified { origin: signed.origin, size: signed.size, root, beyond: got - signed.size })
}

/// Verifies that a leaf is at a place of the tree a checkpoint signs; gives what the leaf says.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_inclusion(
    leaf: &[u8],
    index: u64,
    path: &[Vec<u8>],
    checkpoint: &str,
    vkey: &str,
) -> Result<LeafV1, VerifyError> {
    let signed = open(checkpoint, vkey)?;
    let says = LeafV1::from_bytes(leaf).map_err(|cause| VerifyError::Leaf { index, cause })?;
    if says.seq != index {
        return Err(VerifyError::Order { index, seq: says.seq });
    }
    verify_inclusion_proof(&hash_leaf(leaf), index, signed.size, &hashes(path)?, &Sha256Hash::new(signed.root))
        .map_err(|_| VerifyError::Proof)?;
    Ok(says)
}

/// Verifies that the tree of one checkpoint begins that of another; gives both.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_consistency(
    first: &str,
    second: &str,
    path: &[Vec<u8>],
    vkey: &str,
) -> Result<(Checkpoint, Checkpoint), VerifyError> {
    let (first, second) = (open(first, vkey)?, open(second, vkey)?);
    let roots = (Sha256Hash::new(first.root), Sha256Hash::new(second.root));
    verify_consistency_proof(first.size, second.size, &hashes(path)?, &roots.0, &roots.1)
        .map_err(|_| VerifyError::Proof)?;
    Ok((first, second))
}

/// Opens a checkpoint with a published key.
///
/// # Errors
/// When the key cannot be read or has not signed it.
pub fn open(checkpoint: &str, vkey: &str) -> Result<Checkpoint, VerifyError> {
    VerifierKey::parse(vkey).map_err(VerifyError::Key)?.open(checkpoint).map_err(VerifyError::Note)
}

fn hashes(path: &[Vec<u8>]) -> Result<Vec<Sha256Hash>, VerifyError> {
    path.iter()
        .map(|hash| Hash::try_from(hash.as_slice()).map(Sha256Hash::new).map_err(|_| VerifyError::HashLength))
        .collect()
}

#[cfg(test)]
mod tests;
