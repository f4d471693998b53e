//! Keyed hashes by which consultations of one patient find each other without anybody's number
//! standing in an index.

use std::fmt;

use aws_lc_rs::hmac;
use ehub_config::Secret;

use crate::domain::{patient::Patient, trace::fold_name};

/// Makes the hashes. All replicas share the key; a new key forgets old relations.
pub struct PatientKeys(hmac::Key);

/// The hashes of one patient.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientKey {
    /// Of the NHS number, when it is known.
    pub nhs: Option<Vec<u8>>,
    /// Of family name and birth date.
    pub person: Vec<u8>,
}

impl PatientKeys {
    /// Under a key of at least 32 bytes of text.
    pub fn new(key: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.reveal().trim().as_bytes()))
    }

    /// The hashes of a patient.
    pub fn of(&self, patient: &Patient) -> PatientKey {
        let nhs = patient.nhs_number.as_ref().map(|number| self.hash("nhs-number", number.as_str()));
        let born = format!("{}|{}", fold_name(&patient.family_name), patient.birth_date);
        PatientKey { nhs, person: self.hash("family-and-birth", &born) }
    }

    fn hash(&self, purpose: &str, value: &str) -> Vec<u8> {
        hmac::sign(&self.0, format!("{purpose}\0{value}").as_bytes()).as_ref().to_vec()
    }
}

impl fmt::Debug for PatientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKeys(***)")
    }
}

impl fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey(***)")
    }
}
