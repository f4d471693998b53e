//! How a patient is known here: by a keyed hash of the NHS number, so that the same patient can be
//! recognised and nobody can be found.

use std::fmt;

use aws_lc_rs::hmac;
use ehub_config::Secret;
use ehub_identifiers::NhsNumber;

/// Hashes NHS numbers under a key of this service.
#[derive(Clone)]
pub struct PatientKey(hmac::Key);

/// A patient, as a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PatientHash([u8; 32]);

impl PatientKey {
    /// The key; the same for as long as recent issues are to be recognised.
    pub fn new(key: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes()))
    }

    /// The patient with a number.
    pub fn hash(&self, number: &NhsNumber) -> PatientHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.0, number.as_str().as_bytes()).as_ref());
        PatientHash(hash)
    }
}

impl PatientHash {
    /// For storage.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey(***)")
    }
}

impl fmt::Debug for PatientHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientHash(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_recognised_under_one_key_only() {
        let number = NhsNumber::parse("999 000 0018").expect("a test number");
        let other = NhsNumber::parse("9990000026").expect("a test number");
        let key = PatientKey::new(&Secret::new("k".repeat(32)));
        let again = PatientKey::new(&Secret::new("k".repeat(32)));
        assert!(key.hash(&number) == again.hash(&number));
        assert!(key.hash(&number) != key.hash(&other));
        assert!(key.hash(&number) != PatientKey::new(&Secret::new("m".repeat(32))).hash(&number));
        assert!(!format!("{:?} {key:?}", key.hash(&number)).contains("999"));
    }
}
