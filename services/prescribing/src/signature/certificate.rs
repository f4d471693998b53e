//! The certificate of a signature, as far as it is needed: its key and when it is in force.

use time::OffsetDateTime;
use x509_cert::{
    Certificate, TbsCertificate,
    der::{
        Decode,
        oid::{AssociatedOid, ObjectIdentifier},
    },
    ext::pkix::{BasicConstraints, KeyUsage},
};

/// rsaEncryption (RFC 8017, appendix A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A certificate with an RSA key.
pub(super) struct SigningCertificate {
    /// `RSAPublicKey` in DER (RFC 8017, appendix A.1.1).
    pub public_key: Vec<u8>,
    not_before: u64,
    not_after: u64,
}

impl SigningCertificate {
    /// Reads DER.
    pub fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?.tbs_certificate;
        // A certificate that says what its key is for must say that it signs (RFC 5280, 4.2.1.3).
        let usage = extension::<KeyUsage>(&certificate)?;
        let signs = usage.is_none_or(|usage| usage.digital_signature() || usage.non_repudiation());
        let key = certificate.subject_public_key_info;
        if key.algorithm.oid != RSA_ENCRYPTION || !signs {
            return None;
        }
        Some(Self {
            public_key: key.subject_public_key.as_bytes()?.to_vec(),
            not_before: certificate.validity.not_before.to_unix_duration().as_secs(),
            not_after: certificate.validity.not_after.to_unix_duration().as_secs(),
        })
    }

    /// Whether it is in force at a time; both ends belong to it (RFC 5280, 4.1.2.5).
    pub fn in_force(&self, at: OffsetDateTime) -> bool {
        u64::try_from(at.unix_timestamp()).is_ok_and(|at| (self.not_before..=self.not_after).contains(&at))
    }
}

/// A certificate of an authority.
pub(super) struct Authority {
    /// Its name, as people write it.
    pub subject: String,
    /// Whether it may issue others.
    pub may_issue: bool,
}

impl Authority {
    /// Reads DER.
    pub fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?.tbs_certificate;
        let constraints = extension::<BasicConstraints>(&certificate)?;
        let usage = extension::<KeyUsage>(&certificate)?;
        let may_issue =
            constraints.is_some_and(|constraints| constraints.ca) && usage.is_none_or(|usage| usage.key_cert_sign());
        Some(Self { subject: certificate.subject.to_string(), may_issue })
    }
}

/// An extension, if it is there; the outer `None` says that it cannot be read.
fn extension<'a, T: Decode<'a> + AssociatedOid>(certificate: &'a TbsCertificate) -> Option<Option<T>> {
    match certificate.get::<T>() {
        Ok(found) => Some(found.map(|(_, value)| value)),
        Err(_) => None,
    }
}
