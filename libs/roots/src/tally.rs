//! Counts and order-free digests per shard. Pure.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use uuid::Uuid;

/// One root: its id, the version of its stream at the source, and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The consultation.
    pub id: Uuid,
    /// The last version of its stream.
    pub version: i64,
    /// Its state, as events tell it.
    pub state: String,
}

/// What one shard holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShardTally {
    /// How many roots.
    pub count: i64,
    sum: u128,
}

impl ShardTally {
    /// The digest: the sum modulo 2^128 of each root's own, big-endian.
    pub fn digest(&self) -> [u8; 16] {
        self.sum.to_be_bytes()
    }
}

/// Counts and digests of all shards.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<u8, ShardTally>);

impl Tally {
    /// Counts one root. The shard is the id's last byte.
    pub fn add(&mut self, root: &Root) {
        let shard = self.0.entry(root.id.as_bytes()[15]).or_default();
        shard.count += 1;
        shard.sum = shard.sum.wrapping_add(own_digest(root));
    }

    /// The shards that hold anything, in order.
    pub fn shards(&self) -> impl Iterator<Item = (u8, ShardTally)> + '_ {
        self.0.iter().map(|(shard, tally)| (*shard, *tally))
    }
}

impl<'a> FromIterator<&'a Root> for Tally {
    fn from_iter<I: IntoIterator<Item = &'a Root>>(roots: I) -> Self {
        let mut tally = Self::default();
        roots.into_iter().for_each(|root| tally.add(root));
        tally
    }
}

fn own_digest(root: &Root) -> u128 {
    let text = format!("{}|{}|{}", root.id, root.version, root.state);
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&digest.as_ref()[..16]);
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn root(id: u128, version: i64, state: &str) -> Root {
        Root { id: Uuid::from_u128(id), version, state: state.to_owned() }
    }

    proptest! {
        #[test]
        fn order_does_not_matter(ids in prop::collection::vec(any::<u128>(), 0..20)) {
            let roots: Vec<Root> = ids.iter().map(|id| root(*id, 3, "QUEUED")).collect();
            let forward: Tally = roots.iter().collect();
            let backward: Tally = roots.iter().rev().collect();
            prop_assert_eq!(forward, backward);
        }
    }

    #[test]
    fn any_difference_shows() {
        let base: Tally = [&root(1, 1, "QUEUED")].into_iter().collect();
        for other in [root(1, 2, "QUEUED"), root(1, 1, "CLAIMED"), root(257, 1, "QUEUED")] {
            assert_ne!(base, [&other].into_iter().collect::<Tally>());
        }
        let twice: Tally = [&root(1, 1, "QUEUED"), &root(1, 1, "QUEUED")].into_iter().collect();
        assert_ne!(base, twice);
    }

    #[test]
    fn the_digest_is_the_published_one() {
        let tally: Tally = [&root(0, 1, "ACCEPTED")].into_iter().collect();
        let text = b"00000000-0000-0000-0000-000000000000|1|ACCEPTED";
        let expected = digest::digest(&digest::SHA256, text);
        let (shard, held) = tally.shards().next().expect("one shard");
        assert_eq!((shard, held.count, &held.digest()[..]), (0, 1, &expected.as_ref()[..16]));
    }
}
