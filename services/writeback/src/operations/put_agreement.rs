//! Creates or replaces an agreement of the caller's own organisation.

use ehub_access::AccessError;
use ehub_identifiers::{AgreementId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    domain::{Agreement, AgreementTerms},
    storage::agreement,
};

/// Why an agreement is not put.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller may not make agreements for this organisation.
    #[error("the caller may not make agreements for this organisation")]
    Access(#[from] AccessError),
    /// The practice is not in the register.
    #[error("the practice is not in the register")]
    UnknownPractice,
    /// There is no such agreement.
    #[error("there is no such agreement")]
    NotFound,
    /// Somebody else has changed it since.
    #[error("the agreement was changed since it was read")]
    EtagMismatch,
    /// Storage failed.
    #[error("the agreement could not be stored")]
    Storage(#[from] StorageError),
}

/// An agreement to put.
#[derive(Debug, Clone)]
pub struct PutAgreement {
    /// To replace one: its id and the version that was read.
    pub replaces: Option<(AgreementId, i64)>,
    /// What it says.
    pub terms: AgreementTerms,
    /// The caller's organisation.
    pub own: Option<OdsCode>,
}

impl Work for PutAgreement {
    const NAME: &'static str = "put_agreement";
    type Output = Agreement;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Agreement, Error> {
        ehub_access::require_fresh(tx).await?;
        let from_org = tx.organisation().ok_or(AccessError::OrganisationUnknown)?;
        if self.own.as_ref() != Some(&self.terms.from) {
            return Err(AccessError::PracticeNotAllowed.into());
        }
        let to = ehub_access::known_practice(tx, self.terms.to.as_str()).await?.ok_or(Error::UnknownPractice)?;
        let put = match self.replaces {
            None => {
                let id = tx.clock().uuid_v7();
                let put = Agreement { id, terms: self.terms.clone(), version: 1 };
                agreement::insert(tx, &put, from_org, to.org).await?;
                put
            }
            Some((id, read)) => {
                let known = agreement::lock(tx, id.uuid()).await?.ok_or(Error::NotFound)?;
                if known != read {
                    return Err(Error::EtagMismatch);
                }
                let put = Agreement { id: id.uuid(), terms: self.terms.clone(), version: read + 1 };
                agreement::replace(tx, &put, to.org).await?;
                put
            }
        };
        tx.about(AgreementId::new(put.id).name());
        tx.on_behalf_of(self.terms.to.as_str());
        Ok(put)
    }
}
