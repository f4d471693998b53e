//! The keys of one issuer as they are now, replaced as a whole while requests read them.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use aws_lc_rs::digest;
use ehub_clock::Timestamp;

use super::{JwksError, Key, KeySet, parse};
use crate::Algorithm;

/// A replaceable set of keys.
#[derive(Debug)]
pub(crate) struct Ring {
    allowed: Vec<Algorithm>,
    overlap: Duration,
    keys: RwLock<Arc<KeySet>>,
    /// Digest of the last document, and when it was read: also keeps two refreshes from interleaving.
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    document: Option<[u8; 32]>,
    read_at: Option<Timestamp>,
}

impl Ring {
    /// An empty ring for keys of the `allowed` algorithms; a key that leaves is accepted for `overlap` more.
    pub(crate) fn new(allowed: Vec<Algorithm>, overlap: Duration) -> Self {
        Self { allowed, overlap, keys: RwLock::default(), last: Mutex::default() }
    }

    /// The key of that id, unless it has retired.
    pub(crate) fn find(&self, kid: &str, now: Timestamp) -> Option<Key> {
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        keys.get(kid).filter(|key| key.retires_at.is_none_or(|at| now < at)).cloned()
    }

    /// Whether there is any key.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes over a document; says whether the set of keys changed. A bad document changes nothing.
    pub(crate) fn load(&self, document: &[u8], now: Timestamp) -> Result<bool, JwksError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, document).as_ref());
        if last.document == Some(fingerprint) {
            last.read_at = Some(now);
            return Ok(self.drop_retired(now));
        }
        let mut fresh = parse(document, &self.allowed)?;
        *last = Last { document: Some(fingerprint), read_at: Some(now) };
        let old = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        if !self.overlap.is_zero() {
            for (kid, key) in old.iter().filter(|(kid, _)| !fresh.contains_key(*kid)).collect::<Vec<_>>() {
                let retires_at = key.retires_at.unwrap_or(now + self.overlap);
                if now < retires_at {
                    fresh.insert(kid.clone(), Key { retires_at: Some(retires_at), ..key.clone() });
                }
            }
        }
        let changed = !same(&old, &fresh);
        if changed {
            self.swap(fresh);
        }
        Ok(changed)
    }

    /// Drops every key when the last good reading is older than `max_stale`; says whether anything changed.
    pub(crate) fn expire(&self, now: Timestamp, max_stale: Duration) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.read_at.is_none_or(|read_at| now - read_at <= max_stale) {
            return self.drop_retired(now);
        }
        *last = Last::default();
        self.swap(KeySet::new());
        true
    }

    fn drop_retired(&self, now: Timestamp) -> bool {
        let old = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let kept: KeySet = old
            .iter()
            .filter(|(_, key)| key.retires_at.is_none_or(|at| now < at))
            .map(|(kid, key)| (kid.clone(), key.clone()))
            .collect();
        let changed = kept.len() != old.len();
        if changed {
            self.swap(kept);
        }
        changed
    }

    fn swap(&self, keys: KeySet) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

fn same(old: &KeySet, new: &KeySet) -> bool {
    old.len() == new.len()
        && old.iter().all(|(kid, key)| {
            new.get(kid).is_some_and(|other| other.fingerprint == key.fingerprint && other.retires_at == key.retires_at)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const START: Timestamp = datetime!(2026-03-02 09:00 UTC);

    fn document(keys: &[(&str, u8)]) -> Vec<u8> {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let keys: Vec<_> = keys
            .iter()
            .map(|(kid, byte)| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": URL_SAFE_NO_PAD.encode([*byte; 32])}))
            .collect();
        serde_json::to_vec(&json!({ "keys": keys })).unwrap()
    }

    fn ring(overlap: u64) -> Ring {
        Ring::new(vec![Algorithm::EdDSA], Duration::from_secs(overlap))
    }

    #[test]
    fn a_bad_document_keeps_the_old_keys() {
        let ring = ring(0);
        assert!(ring.load(&document(&[("a", 1)]), START).unwrap());
        assert!(ring.load(b"<html>", START).is_err());
        assert!(ring.load(b"{\"keys\":[]}", START).is_err());
        assert!(ring.find("a", START).is_some());
    }

    #[test]
    fn a_key_that_left_is_accepted_for_the_overlap_only() {
        let ring = ring(60);
        ring.load(&document(&[("a", 1)]), START).unwrap();
        assert!(ring.load(&document(&[("b", 2)]), START).unwrap());
        assert!(ring.find("a", START + Duration::from_secs(59)).is_some());
        assert!(ring.find("a", START + Duration::from_secs(60)).is_none());
        assert!(!ring.load(&document(&[("b", 2)]), START + Duration::from_secs(30)).unwrap());
        assert!(
            ring.load(&document(&[("b", 2)]), START + Duration::from_secs(61)).unwrap(),
            "dropping a retired key is a change"
        );
    }

    #[test]
    fn without_overlap_a_key_leaves_at_once() {
        let ring = ring(0);
        ring.load(&document(&[("a", 1)]), START).unwrap();
        ring.load(&document(&[("b", 2)]), START).unwrap();
        assert!(ring.find("a", START).is_none());
        assert!(ring.find("b", START).is_some());
    }

    #[test]
    fn another_key_under_the_same_id_replaces_it_at_once() {
        let ring = ring(60);
        ring.load(&document(&[("a", 1)]), START).unwrap();
        assert!(ring.load(&document(&[("a", 2)]), START).unwrap());
        assert_eq!(ring.find("a", START).unwrap().decoding.try_get_as_bytes().unwrap(), [2; 32]);
        assert!(ring.find("a", START).unwrap().retires_at.is_none());
    }

    #[test]
    fn a_key_that_returns_is_whole_again() {
        let ring = ring(60);
        ring.load(&document(&[("a", 1)]), START).unwrap();
        ring.load(&document(&[("b", 2)]), START).unwrap();
        ring.load(&document(&[("a", 1), ("b", 2)]), START).unwrap();
        assert!(ring.find("a", START).unwrap().retires_at.is_none());
    }

    #[test]
    fn keys_nobody_could_confirm_for_too_long_are_dropped() {
        let ring = ring(0);
        assert!(!ring.expire(START, Duration::from_secs(9)), "nothing was ever read");
        ring.load(&document(&[("a", 1)]), START).unwrap();
        assert!(!ring.expire(START + Duration::from_secs(9), Duration::from_secs(9)));
        assert!(ring.expire(START + Duration::from_secs(10), Duration::from_secs(9)));
        assert!(ring.is_empty());
        assert!(ring.load(&document(&[("a", 1)]), START).unwrap(), "the same document counts again");
    }
}
