//! Shards: the byte every key begins with, and every consultation id ends with, so that growing is routing and not rewriting.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{ConsultationId, OrganisationId};

/// One of 256, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard(u8);

impl Shard {
    /// How many there are.
    pub const COUNT: u16 = 256;

    /// The shard of that number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Which of the 16 groups of neighbouring shards it is in: what one worker or one database takes as a whole.
    #[must_use]
    pub const fn group(self) -> u8 {
        self.0 >> 4
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl OrganisationId {
    /// The shard of what this organisation accepts from now on: the first byte of SHA-256 of the id, so that ids made
    /// one after another still spread.
    #[must_use]
    pub fn shard(&self) -> Shard {
        Shard(Sha256::digest(self.uuid().as_bytes())[0])
    }
}

impl ConsultationId {
    /// The shard of the organisation that accepted it, written into the last byte at birth; it stays when the organisation changes.
    #[must_use]
    pub fn shard(&self) -> Shard {
        Shard(self.uuid().as_bytes()[15])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_organisations_shard_never_changes() {
        // SHA-256 of the sixteen bytes begins with a8.
        let id: OrganisationId = "00112233-4455-6677-8899-aabbccddeeff".parse().unwrap();
        assert_eq!(id.shard(), Shard::new(0xA8));
        assert_eq!(id.shard().group(), 0xA);
    }

    #[test]
    fn a_consultation_carries_its_shard_in_its_last_byte() {
        let id: ConsultationId = "0199c0de-0000-7000-8000-0000000000a7".parse().unwrap();
        assert_eq!(id.shard().number(), 0xA7);
        assert_eq!(id.shard().group(), 0xA);
        assert_eq!(id.shard().to_string(), "a7");
    }

    #[test]
    fn neighbouring_organisations_spread() {
        let shards: BTreeSet<Shard> = (1..=512).map(|n| OrganisationId::new(Uuid::from_u128(n)).shard()).collect();
        assert!(shards.len() > 200, "{} of 256", shards.len());
    }
}
