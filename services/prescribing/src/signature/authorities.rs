//! Whose certificates are prescribers': the authorities a deployer names.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime, pem::PemObject};
use time::OffsetDateTime;
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert};

use super::certificate;

/// The name of the authority that the development suite makes for its signer; live care refuses it.
pub const DEVELOPMENT_AUTHORITY: &str = "eHub development prescriber authority";

/// More issuers than this between a prescriber and an authority are no chain we know.
const MAX_ISSUERS: usize = 4;

/// The authorities whose certificates count as prescribers'.
#[derive(Clone)]
pub struct Authorities {
    anchors: Vec<TrustAnchor<'static>>,
    development: bool,
}

/// Why a file of authorities cannot be used. Names the file and the remedy.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AuthoritiesError {
    /// Not there, or not PEM.
    #[error("service.eps.authorities: {} cannot be read as PEM certificates", .0.display())]
    Unreadable(PathBuf),
    /// Nothing in it.
    #[error("service.eps.authorities: {} holds no certificate", .0.display())]
    Empty(PathBuf),
    /// A certificate that may not issue others (RFC 5280, 4.2.1.9).
    #[error("service.eps.authorities: {} holds a certificate that is no authority's", .0.display())]
    NotAnAuthority(PathBuf),
}

impl Authorities {
    /// None named: any certificate in force counts. For development and tests only.
    #[must_use]
    pub fn any() -> Self {
        Self { anchors: Vec::new(), development: false }
    }

    /// Reads files of PEM certificates, one or more in each.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn read(files: &[PathBuf]) -> Result<Self, AuthoritiesError> {
        let mut all = Self::any();
        for file in files {
            all.add(file)?;
        }
        Ok(all)
    }

    fn add(&mut self, file: &Path) -> Result<(), AuthoritiesError> {
        let unreadable = || AuthoritiesError::Unreadable(file.to_owned());
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|_| unreadable())?;
        if certificates.is_empty() {
            return Err(AuthoritiesError::Empty(file.to_owned()));
        }
        for certificate in &certificates {
            let about = certificate::Authority::read(certificate).ok_or_else(unreadable)?;
            if !about.may_issue {
                return Err(AuthoritiesError::NotAnAuthority(file.to_owned()));
            }
            self.development |= about.subject.contains(DEVELOPMENT_AUTHORITY);
            self.anchors.push(anchor_from_trusted_cert(certificate).map_err(|_| unreadable())?.to_owned());
        }
        Ok(())
    }

    /// Whether the development suite's authority is among them.
    #[must_use]
    pub fn trust_development(&self) -> bool {
        self.development
    }

    /// Whether a certificate leads, by the issuers given with it, to an authority (RFC 5280, 6.1).
    pub(super) fn issued(&self, certificate: &[u8], issuers: &[Vec<u8>], at: OffsetDateTime) -> bool {
        if self.anchors.is_empty() {
            return true;
        }
        if issuers.len() > MAX_ISSUERS {
            return false;
        }
        let certificate = CertificateDer::from(certificate);
        let between: Vec<CertificateDer<'_>> =
            issuers.iter().map(|issuer| CertificateDer::from(issuer.as_slice())).collect();
        let seconds = u64::try_from(at.unix_timestamp()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        EndEntityCert::try_from(&certificate).is_ok_and(|end| {
            // No list of revoked certificates: EPS, which has it, judges that when it is sent.
            end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &self.anchors, &between, now, AnyPurpose, None, None)
                .is_ok()
        })
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").field("anchors", &self.anchors.len()).finish_non_exhaustive()
    }
}

/// Extended purposes are for TLS and mail; none says "prescribes", so none is asked for or held against it.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
