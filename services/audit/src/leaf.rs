//! Leaf v1: the bytes that are hashed. Made once, stored, and never encoded again.
//!
//! A leaf is the version byte 0x01 and a canonical protobuf message: fields in order of number,
//! defaults left out, no unknown fields. It names people by subject only, and consultations only by
//! a commitment that says nothing once its key is destroyed.

use aws_lc_rs::hmac;
use ehub_identifiers::ConsultationId;
use prost::Message;

/// The version byte of the leaves made here.
pub const VERSION: u8 = 1;
/// The schema of the message within.
pub const SCHEMA: u32 = 1;

/// What a leaf says.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LeafV1 {
    /// Its place in the log, from 0.
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    /// The event's UUID, 16 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub event: Vec<u8>,
    /// The caller's request id, when there was one.
    #[prost(string, tag = "3")]
    pub request_id: String,
    /// When it became true, by the clock of the service that says so: microseconds since 1970.
    #[prost(int64, tag = "4")]
    pub recorded_at: i64,
    /// Who, by subject.
    #[prost(string, tag = "5")]
    pub actor: String,
    /// Their role, as at that time.
    #[prost(string, tag = "6")]
    pub role: String,
    /// Their organisation, by ODS code.
    #[prost(string, tag = "7")]
    pub organisation: String,
    /// On whose behalf, by ODS code.
    #[prost(string, tag = "8")]
    pub on_behalf_of: String,
    /// The RPC, or the kind of the event.
    #[prost(string, tag = "9")]
    pub action: String,
    /// `OK`, or the reason of a refusal.
    #[prost(string, tag = "10")]
    pub outcome: String,
    /// One commitment for each consultation it concerns, in order of the consultations' ids.
    #[prost(bytes = "vec", repeated, tag = "11")]
    pub subject: Vec<Vec<u8>>,
    /// [`SCHEMA`].
    #[prost(uint32, tag = "12")]
    pub schema: u32,
}

/// Why bytes are not a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// There is not even a version.
    #[error("the leaf is empty")]
    Empty,
    /// Another version than ours.
    #[error("the leaf has version {0}, not {VERSION}")]
    Version(u8),
    /// The message cannot be read.
    #[error("the leaf's message cannot be read")]
    Unreadable,
    /// It can be read, but was not written canonically.
    #[error("the leaf's message is not canonical")]
    NotCanonical,
}

impl LeafV1 {
    /// The bytes to store and hash.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.encoded_len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.encode_to_vec());
        bytes
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// When they are of another version, broken, or not what this version would have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LeafError> {
        let (version, message) = bytes.split_first().ok_or(LeafError::Empty)?;
        if *version != VERSION {
            return Err(LeafError::Version(*version));
        }
        let leaf = Self::decode(message).map_err(|_| LeafError::Unreadable)?;
        if leaf.encode_to_vec() == message { Ok(leaf) } else { Err(LeafError::NotCanonical) }
    }
}

/// The commitment to a consultation: HMAC-SHA256 of its resource name under its own random key.
pub fn commitment(key: &[u8], consultation: ConsultationId) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, consultation.name().as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> LeafV1 {
        LeafV1 {
            seq: 5,
            event: vec![0xab; 16],
            request_id: "r".to_owned(),
            recorded_at: 1_700_000_000_000_000,
            actor: "anna".to_owned(),
            role: "gp".to_owned(),
            organisation: "H8H01".to_owned(),
            on_behalf_of: "A81001".to_owned(),
            action: "a".to_owned(),
            outcome: "OK".to_owned(),
            subject: vec![vec![0xcd; 32]],
            schema: SCHEMA,
        }
    }

    #[test]
    fn what_is_no_leaf_is_refused() {
        assert_eq!(LeafV1::from_bytes(b""), Err(LeafError::Empty));
        assert_eq!(LeafV1::from_bytes(&[2, 8, 5]), Err(LeafError::Version(2)));
        assert_eq!(LeafV1::from_bytes(&[1, 0xff]), Err(LeafError::Unreadable));
        // An unknown field 13 would be lost on reading: a leaf that hides something.
        assert_eq!(LeafV1::from_bytes(&[1, 8, 5, 0x68, 1]), Err(LeafError::NotCanonical));
        // A default that is written out.
        assert_eq!(LeafV1::from_bytes(&[1, 8, 0]), Err(LeafError::NotCanonical));
    }

    #[test]
    fn the_bytes_are_these_for_ever() {
        let mut golden = vec![0x01, 0x08, 0x05, 0x12, 0x10];
        golden.extend([0xab; 16]);
        golden.extend(b"\x1a\x01r");
        golden.extend([0x20, 0x80, 0x80, 0xf9, 0xc0, 0xc1, 0xc4, 0x82, 0x03]);
        golden.extend(b"\x2a\x04anna\x32\x02gp\x3a\x05H8H01\x42\x06A81001\x4a\x01a\x52\x02OK\x5a\x20");
        golden.extend([0xcd; 32]);
        golden.extend([0x60, 0x01]);
        assert_eq!(leaf().to_bytes(), golden);
        assert_eq!(LeafV1::from_bytes(&golden), Ok(leaf()));
    }

    #[test]
    fn a_commitment_is_an_hmac_of_the_name() {
        let id = ConsultationId::new(uuid::Uuid::from_u128(7));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[9; 32]);
        let name = b"consultations/00000000-0000-0000-0000-000000000007";
        assert!(hmac::verify(&key, name, &commitment(&[9; 32], id)).is_ok());
        assert_ne!(commitment(&[9; 32], id), commitment(&[8; 32], id));
    }
}
