//! The Merkle tree of RFC 6962, section 2.1, over stored hashes of complete subtrees. Pure.
//!
//! Only hashes of complete subtrees are stored; what lies at the ragged right edge is folded from
//! them. So a root or a proof reads O(log n) nodes, and a stored node never changes.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256.
pub type Hash = [u8; 32];

/// A complete subtree: the `2^level` leaves from `place * 2^level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    /// 0 for a leaf.
    pub level: u8,
    /// Counted from 0 within the level.
    pub place: u64,
}

/// Nodes at hand.
pub type Nodes = HashMap<NodeId, Hash>;

/// A node that is needed is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tree lacks the node at level {}, place {}", .0.level, .0.place)]
pub struct NodeMissing(pub NodeId);

/// Hash of a leaf: SHA-256(0x00 ‖ leaf).
pub fn hash_leaf(leaf: &[u8]) -> Hash {
    digest(&[&[0], leaf])
}

/// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn hash_children(left: &Hash, right: &Hash) -> Hash {
    digest(&[&[1], left, right])
}

fn digest(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The part of a proof that a reader folds itself: leaves `start..end`.
type Range = (u64, u64);

/// The largest power of two below `n`, for `n` above 1: where RFC 6962 splits.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The ranges whose hashes are the audit path of a leaf, from the leaf up (section 2.1.1).
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push((middle, end));
            end = middle;
        } else {
            path.push((start, middle));
            start = middle;
        }
    }
    path.reverse();
    path
}

/// The ranges whose hashes prove that the first `first` leaves begin a tree of `second` (section
/// 2.1.2).
fn consistency_ranges(first: u64, second: u64) -> Vec<Range> {
    let (mut start, mut end) = (0, second);
    let mut path = Vec::new();
    while end != first {
        let middle = start + split(end - start);
        if first <= middle {
            path.push((middle, end));
            end = middle;
        } else {
            path.push((start, middle));
            start = middle;
        }
    }
    // The old tree itself need not be told when it is a complete left subtree of the new one.
    if start > 0 {
        path.push((start, end));
    }
    path.reverse();
    path
}

/// The complete subtrees of a range that begins where RFC 6962 splits, largest first.
fn complete(range: Range) -> Vec<NodeId> {
    let (mut start, end) = range;
    let mut nodes = Vec::new();
    while start < end {
        let level = 63 - (end - start).leading_zeros();
        nodes.push(NodeId { level: u8::try_from(level).unwrap_or(u8::MAX), place: start >> level });
        start += 1 << level;
    }
    nodes
}

fn fold(range: Range, nodes: &Nodes) -> Result<Hash, NodeMissing> {
    let mut frontier = Vec::new();
    for id in complete(range) {
        frontier.push(*nodes.get(&id).ok_or(NodeMissing(id))?);
    }
    Ok(fold_right(&frontier))
}

/// Joins complete subtrees, largest first, from the right. Nothing at all is the empty tree.
fn fold_right(subtrees: &[Hash]) -> Hash {
    let mut rest = subtrees.iter().rev();
    let Some(last) = rest.next() else { return digest(&[]) };
    rest.fold(*last, |right, left| hash_children(left, &right))
}

/// A proof that is still to be read: which nodes it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof(Vec<Range>);

impl Proof {
    /// That leaf `index` is in the tree of `size`; `None` when it cannot be.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        (index < size).then(|| Self(inclusion_ranges(index, size)))
    }

    /// That the tree of `first` leaves begins that of `second`; `None` when it cannot.
    pub fn consistency(first: u64, second: u64) -> Option<Self> {
        (1 <= first && first <= second).then(|| Self(consistency_ranges(first, second)))
    }

    /// The nodes to read.
    pub fn needs(&self) -> Vec<NodeId> {
        self.0.iter().flat_map(|range| complete(*range)).collect()
    }

    /// The proof's hashes, in the order of RFC 6962.
    pub fn hashes(&self, nodes: &Nodes) -> Result<Vec<Hash>, NodeMissing> {
        self.0.iter().map(|range| fold(*range, nodes)).collect()
    }
}

/// The right edge of a tree: all that is needed to append to it and to know its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// That of the empty tree.
    pub fn empty() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }

    /// The nodes that make up the frontier of a tree.
    pub fn needs(size: u64) -> Vec<NodeId> {
        complete((0, size))
    }

    /// The frontier of a tree of `size`.
    pub fn of(size: u64, nodes: &Nodes) -> Result<Self, NodeMissing> {
        let mut subtrees = Vec::new();
        for id in complete((0, size)) {
            subtrees.push(*nodes.get(&id).ok_or(NodeMissing(id))?);
        }
        Ok(Self { size, subtrees })
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    pub fn root(&self) -> Hash {
        fold_right(&self.subtrees)
    }

    /// Appends a leaf by its hash; gives every subtree this completes, the leaf first.
    pub fn push(&mut self, leaf: Hash) -> Vec<(NodeId, Hash)> {
        let mut id = NodeId { level: 0, place: self.size };
        let mut hash = leaf;
        let mut completed = vec![(id, hash)];
        while id.place % 2 == 1 {
            // An odd place means that the sibling on its left ends the frontier.
            let Some(left) = self.subtrees.pop() else { break };
            hash = hash_children(&left, &hash);
            id = NodeId { level: id.level + 1, place: id.place / 2 };
            completed.push((id, hash));
        }
        self.subtrees.push(hash);
        self.size += 1;
        completed
    }
}

#[cfg(test)]
mod tests;
