//! ListPrescriptions: of a consultation, or waiting for the caller's signature.

use std::sync::Arc;

use ehub_access::{AccessError, require_fresh, require_one_of};
use ehub_auth::Caller;
use ehub_identifiers::ConsultationId;
use ehub_postgres::{PageTokens, Tx, Work};

use super::admit::{self, Denied};
use crate::{
    domain::Prescription,
    storage::prescriptions::{self, Position},
};

/// Which page of which list.
#[derive(Debug)]
pub struct List {
    /// Who reads.
    pub caller: Arc<Caller>,
    /// Only those of this consultation.
    pub consultation: Option<ConsultationId>,
    /// Where the page starts.
    pub after: Option<Position>,
    /// How many at most.
    pub size: u16,
    /// Seals where the next page starts, for these arguments.
    pub pages: Arc<PageTokens>,
    /// Caller and filter, as the token is bound to.
    pub arguments: String,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The prescriptions.
    pub prescriptions: Vec<Prescription>,
    /// Where the next page starts, sealed; empty on the last.
    pub next: String,
}

impl Work for List {
    const NAME: &'static str = "list_prescriptions";
    type Output = Page;
    type Error = Denied;

    async fn run(&self, tx: &mut Tx) -> Result<Page, Denied> {
        require_fresh(tx).await?;
        let limit = i64::from(self.size) + 1;
        let mut found = match self.consultation {
            Some(consultation) => prescriptions::of_consultation(tx, consultation, self.after, limit).await?,
            None => prescriptions::unsigned(tx, &self.caller.subject, self.after, limit).await?,
        };
        let more = found.len() > usize::from(self.size);
        found.truncate(usize::from(self.size));
        let next = match found.last() {
            Some(last) if more => self.pages.seal(&self.arguments, &(last.raised_at, last.id.uuid())).0,
            _ => String::new(),
        };
        let prescriptions = self.readable(tx, found).await?;
        for prescription in &prescriptions {
            tx.concerns(prescription.consultation.uuid());
        }
        Ok(Page { prescriptions, next })
    }
}

impl List {
    /// Row security has left only practices the caller reaches; the right to read what is prescribed for their
    /// patients and the token's own list are asked here, once for each practice.
    async fn readable(&self, tx: &mut Tx, found: Vec<Prescription>) -> Result<Vec<Prescription>, Denied> {
        let mut known: Vec<(String, bool)> = Vec::new();
        let mut readable = Vec::with_capacity(found.len());
        for prescription in found {
            let allowed = match known.iter().find(|(ods, _)| *ods == prescription.practice_ods) {
                Some((_, allowed)) => *allowed,
                None => {
                    let allowed = self.may_read(tx, &prescription.practice_ods).await?;
                    known.push((prescription.practice_ods.clone(), allowed));
                    allowed
                }
            };
            if allowed {
                readable.push(prescription);
            }
        }
        Ok(readable)
    }

    async fn may_read(&self, tx: &mut Tx, practice_ods: &str) -> Result<bool, Denied> {
        if !admit::listed(&self.caller, practice_ods) {
            return Ok(false);
        }
        // What waits for a signature is for who may sign.
        let rights = if self.consultation.is_some() { admit::TO_READ } else { admit::TO_PRESCRIBE };
        match require_one_of(tx, practice_ods, rights).await {
            Ok(_) => Ok(true),
            Err(AccessError::PracticeNotAllowed) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}
