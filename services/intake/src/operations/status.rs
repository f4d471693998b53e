//! What became of a consultation, for who knows its reference and the patient's birth date.

use ehub_identifiers::Reference;
use ehub_postgres::{StorageError, Tx, Work};
use time::{Date, Duration};

use crate::storage::status::{self, PublicStatus};

/// How long a wrong attempt counts.
pub const WINDOW: Duration = Duration::minutes(10);
/// Wrong attempts for one reference.
const FOR_REFERENCE: i64 = 5;
/// Wrong attempts by one client.
const BY_CLIENT: i64 = 60;

/// An attempt. Commits whatever it finds: a wrong one counts.
#[derive(Debug)]
pub struct JudgeAttempt {
    /// Who asks.
    pub client: String,
    /// About which.
    pub reference: Reference,
    /// The birth date given.
    pub birth_date: Date,
}

/// What an attempt is.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Both are right.
    Right(PublicStatus),
    /// Reference or birth date is wrong.
    Wrong,
    /// Too many were wrong before; this one was not looked at.
    TooMany,
}

impl Work for JudgeAttempt {
    const NAME: &'static str = "judge_status_attempt";
    type Output = Verdict;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Verdict, StorageError> {
        let since = tx.at() - WINDOW;
        let (for_reference, by_client) = status::attempts(tx, self.reference.as_str(), &self.client, since).await?;
        if for_reference >= FOR_REFERENCE || by_client >= BY_CLIENT {
            return Ok(Verdict::TooMany);
        }
        match status::find(tx, self.reference.as_str(), self.birth_date).await? {
            Some(found) => Ok(Verdict::Right(found)),
            None => {
                status::remember(tx, self.reference.as_str(), &self.client).await?;
                Ok(Verdict::Wrong)
            }
        }
    }
}

/// Shows what was found; its transaction holds the audit event.
#[derive(Debug)]
pub struct ShowStatus(pub PublicStatus);

impl Work for ShowStatus {
    const NAME: &'static str = "show_status";
    type Output = PublicStatus;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<PublicStatus, Error> {
        tx.concerns(self.0.consultation);
        tx.on_behalf_of(self.0.practice_ods.as_str());
        Ok(self.0.clone())
    }
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}
