//! Files an entry under a claim, or replaces it before it is sent.

use std::sync::Arc;

use ehub_access::AccessError;
use ehub_auth::{Caller, Grant, GrantKind, GrantPresented};
use ehub_faults::Fault;
use ehub_fence::FenceError;
use ehub_identifiers::{ConsultationId, EntryId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};
use ehub_telemetry::metrics::{Counter, counter};
use uuid::Uuid;

use crate::{
    domain::{Author, Content, EntryEvent, Standing, State, reason},
    storage::{
        agreement,
        consultation::{self, Consultation},
        entry::{self, NewVersion},
    },
};

static FILED: Counter = counter("ehub.writeback.filed", "{entry}", "Entries filed, by the state they began in.");

/// The capability filing needs on the practice's patients.
const CAPABILITY: &str = "file";

/// Why an entry is not filed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller may not act for the practice.
    #[error("the caller may not file for the practice")]
    Access(#[from] AccessError),
    /// The grant does not permit it.
    #[error("the grant does not permit it")]
    Grant(Fault),
    /// The grant is for another consultation.
    #[error("the grant is for another consultation")]
    GrantForAnother,
    /// The claim is over.
    #[error("the claim is over")]
    Fence(#[from] FenceError),
    /// The consultation has not been made known here yet.
    #[error("the consultation is not known here yet")]
    ConsultationUnknown,
    /// There is no such entry to replace.
    #[error("there is no such entry")]
    NotFound,
    /// The id is taken, or another entry of the consultation is open.
    #[error("the id is taken, or another entry is open")]
    Exists(EntryId),
    /// It has gone out.
    #[error("the entry has gone out")]
    Sent,
    /// Somebody else has changed it since.
    #[error("the entry was changed since it was read")]
    EtagMismatch,
    /// Storage failed.
    #[error("the entry could not be stored")]
    Storage(#[from] StorageError),
}

/// An entry to file.
#[derive(Debug, Clone)]
pub struct FileEntry {
    /// The id the author's system made, unique for ever.
    pub entry: EntryId,
    /// The consultation the grant is for.
    pub consultation: ConsultationId,
    /// What is recorded.
    pub content: Content,
    /// To replace: the version that was read.
    pub replaces: Option<i64>,
    /// Who files.
    pub caller: Arc<Caller>,
    /// The grant that was presented.
    pub grant: GrantPresented,
}

/// What was filed.
#[derive(Debug, Clone)]
pub struct Filed {
    /// The entry.
    pub entry: EntryId,
    /// Where it stands.
    pub standing: Standing,
    /// Its version.
    pub version: i64,
}

impl Work for FileEntry {
    const NAME: &'static str = "file_entry";
    type Output = Filed;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Filed, Error> {
        tx.concerns(self.consultation.uuid());
        tx.about(self.entry.name());
        ehub_access::require_fresh(tx).await?;
        let grant = self.acting_grant(tx)?;
        self.require_practice(tx, grant.practice).await?;
        ehub_fence::hold(tx, grant).await?;
        let consultation = consultation::find(tx, self.consultation.uuid()).await?.ok_or(Error::ConsultationUnknown)?;
        let version = self.next_version(tx).await?;
        let author_org = tx.organisation().ok_or(AccessError::OrganisationUnknown)?;
        let standing = match agreement::mailbox_today(tx, author_org, consultation.practice).await? {
            Some(_) => Standing::plain(State::Held),
            None => Standing::attention(reason::NO_AGREEMENT),
        };
        let new = NewVersion {
            entry: self.entry.uuid(),
            consultation: consultation.id,
            practice: consultation.practice,
            practice_ods: &consultation.practice_ods,
            author_org,
            author: &self.author(&consultation),
            content: &self.content,
            epoch: grant.epoch,
            standing: &standing,
            version,
        };
        if version == 1 {
            entry::insert(tx, &new).await.map_err(|error| self.taken(error))?;
        } else {
            entry::replace(tx, &new).await?;
        }
        tx.tally(&FILED, &[("ehub.state", standing.state.as_str())]);
        tx.raise(EntryEvent::Filed {
            entry: self.entry.uuid(),
            consultation: consultation.id,
            version,
            state: standing.state,
        });
        Ok(Filed { entry: self.entry, standing, version })
    }
}

impl FileEntry {
    fn acting_grant(&self, tx: &Tx) -> Result<&Grant, Error> {
        if matches!(&self.grant, GrantPresented::Valid(grant) if grant.consultation != self.consultation.uuid()) {
            return Err(Error::GrantForAnother);
        }
        self.grant.require(GrantKind::Act, self.consultation.uuid(), tx.at()).map_err(Error::Grant)
    }

    /// The practice is the grant's; agreements, roster and the token's own list must all allow it.
    async fn require_practice(&self, tx: &mut Tx, practice: Uuid) -> Result<(), Error> {
        let ods = consultation::ods_of(tx, practice).await?.ok_or(AccessError::PracticeNotAllowed)?;
        tx.on_behalf_of(&ods);
        let code = OdsCode::parse(&ods).map_err(|_| AccessError::PracticeNotAllowed)?;
        if !self.caller.token_admits_practice(&code) {
            return Err(AccessError::PracticeNotAllowed.into());
        }
        ehub_access::require_practice(tx, &ods, CAPABILITY).await?;
        Ok(())
    }

    /// 1 for a new entry, or one more than the version that was read.
    async fn next_version(&self, tx: &mut Tx) -> Result<i64, Error> {
        let known = entry::lock(tx, self.entry.uuid()).await?;
        let Some(read) = self.replaces else {
            if known.is_some() {
                return Err(Error::Exists(self.entry));
            }
            return match entry::open_of(tx, self.consultation.uuid()).await? {
                Some(other) => Err(Error::Exists(EntryId::new(other))),
                None => Ok(1),
            };
        };
        let known = known.ok_or(Error::NotFound)?;
        if known.consultation != self.consultation.uuid() {
            return Err(Error::Exists(self.entry));
        }
        if !known.open {
            return Err(Error::Sent);
        }
        if known.version != read {
            return Err(Error::EtagMismatch);
        }
        Ok(read + 1)
    }

    /// The id may be taken where row security does not let us look.
    fn taken(&self, error: StorageError) -> Error {
        match error.constraint() {
            Some("entry_pkey" | "entry_one_open") => Error::Exists(self.entry),
            _ => error.into(),
        }
    }

    fn author(&self, consultation: &Consultation) -> Author {
        Author {
            subject: self.caller.subject.clone(),
            name: self.caller.name.clone().unwrap_or_default(),
            role: self.caller.role.clone().unwrap_or_default(),
            organisation_ods: self.caller.organisation.as_ref().map(ToString::to_string).unwrap_or_default(),
            on_behalf_of_ods: consultation.practice_ods.clone(),
        }
    }
}
