//! Creates or replaces an enrolment.

use ehub_access::known_practice;
use ehub_identifiers::EnrolmentId;
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    domain::enrolment::{Enrolment, Terms},
    storage::enrolment,
};

/// An enrolment as a hub wants it. That the hub is the caller's was checked before.
#[derive(Debug)]
pub struct PutEnrolment {
    /// Which one to replace, with the etag it was read with; `None` creates one.
    pub replaces: Option<(EnrolmentId, String)>,
    /// What it says.
    pub terms: Terms,
}

/// Why it is not put.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such enrolment of this hub.
    #[error("no such enrolment of this hub")]
    NotFound,
    /// Another covers the same practice, need and days.
    #[error("another enrolment covers the same practice, need and days")]
    Overlaps(EnrolmentId),
    /// Changed by somebody else meanwhile.
    #[error("the enrolment was changed meanwhile")]
    EtagMismatch,
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for PutEnrolment {
    const NAME: &'static str = "put_enrolment";
    type Output = Enrolment;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Enrolment, Error> {
        enrolment::take_turn(tx, self.terms.practice_ods.as_str()).await?;
        let (id, version) = match &self.replaces {
            None => (EnrolmentId::new(tx.clock().uuid_v7()), 1),
            Some((id, etag)) => {
                let before = enrolment::lock(tx, *id, self.terms.hub_ods.as_str()).await?.ok_or(Error::NotFound)?;
                if before.etag() != *etag {
                    return Err(Error::EtagMismatch);
                }
                (*id, before.version + 1)
            }
        };
        if let Some(other) = enrolment::overlapping(tx, id, &self.terms).await? {
            return Err(Error::Overlaps(other));
        }
        let practice = known_practice(tx, self.terms.practice_ods.as_str()).await?.map(|practice| practice.org);
        let put = Enrolment { id, practice, terms: self.terms.clone(), version };
        enrolment::put(tx, &put).await?;
        tx.about(id.name());
        tx.on_behalf_of(self.terms.practice_ods.as_str());
        Ok(put)
    }
}
