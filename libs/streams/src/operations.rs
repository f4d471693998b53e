//! Look, replay, skip.

use ehub_faults::{Code, Fault};
use ehub_postgres::{StorageError, Tx, Work};
use time::Duration;
use uuid::Uuid;

use crate::storage::{self, HeldStream, Parked};

/// How long a proposal waits for a second person.
const PROPOSAL: Duration = Duration::hours(24);

/// Why a stream is left as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// It does not wait for a person, or not at this version.
    #[error("the stream is not parked there")]
    NotParked,
    /// The one who proposed it cannot agree as well.
    #[error("a second person is needed")]
    SecondPersonNeeded,
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl From<StreamError> for Fault {
    fn from(error: StreamError) -> Self {
        let refused = |reason, message| Self::new(Code::FailedPrecondition, "server.ehub", reason, message);
        match error {
            StreamError::NotParked => {
                refused("STREAM_NOT_PARKED", "the stream does not wait for a person at that version; list again")
            }
            StreamError::SecondPersonNeeded => {
                refused("SECOND_PERSON_NEEDED", "you have proposed it; another person has to agree")
            }
            StreamError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

/// Which stream, for which subscriber.
#[derive(Debug, Clone)]
pub(crate) struct Which {
    pub subscriber: String,
    pub stream: Uuid,
}

impl Which {
    /// Locks it where it is parked, and names it in the call's audit event.
    async fn parked(&self, tx: &mut Tx) -> Result<Parked, StreamError> {
        tx.about(format!("subscribers/{}/streams/{}", self.subscriber, self.stream));
        let parked = storage::lock_parked(tx, self).await?.ok_or(StreamError::NotParked)?;
        if let Some(consultation) = parked.consultation {
            tx.concerns(consultation);
        }
        tx.about(format!("subscribers/{}/streams/{}/events/{}", self.subscriber, self.stream, parked.version));
        Ok(parked)
    }
}

/// Lists what waits.
#[derive(Debug)]
pub(crate) struct ListHeld {
    pub parked_only: bool,
    pub after: Which,
}

impl Work for ListHeld {
    const NAME: &'static str = "list_held_streams";
    type Output = Vec<HeldStream>;
    type Error = StreamError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<HeldStream>, StreamError> {
        let proposed_after = tx.at() - PROPOSAL;
        let held = storage::held(tx, self.parked_only, &self.after, proposed_after).await?;
        held.iter().filter_map(|one| one.consultation).for_each(|consultation| tx.concerns(consultation));
        Ok(held)
    }
}

/// Delivers a parked stream again.
#[derive(Debug)]
pub(crate) struct Replay(pub Which);

impl Work for Replay {
    const NAME: &'static str = "replay_stream";
    type Output = i64;
    type Error = StreamError;

    async fn run(&self, tx: &mut Tx) -> Result<i64, StreamError> {
        let parked = self.0.parked(tx).await?;
        storage::unpark(tx, &self.0).await?;
        Ok(parked.version)
    }
}

/// Proposes to leave an event out, or agrees to it.
#[derive(Debug)]
pub(crate) struct Skip {
    pub which: Which,
    pub version: i64,
    pub reason: String,
    /// Who, by subject.
    pub person: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub done: bool,
    pub proposed_by: String,
}

impl Work for Skip {
    const NAME: &'static str = "skip_event";
    type Output = Skipped;
    type Error = StreamError;

    async fn run(&self, tx: &mut Tx) -> Result<Skipped, StreamError> {
        let parked = self.which.parked(tx).await?;
        if parked.version != self.version {
            return Err(StreamError::NotParked);
        }
        let since = tx.at() - PROPOSAL;
        match storage::proposed_by(tx, &self.which, self.version, since).await? {
            None => {
                storage::propose(tx, self).await?;
                Ok(Skipped { done: false, proposed_by: self.person.clone() })
            }
            Some(first) if first == self.person => Err(StreamError::SecondPersonNeeded),
            Some(first) => {
                storage::confirm(tx, self).await?;
                storage::unpark(tx, &self.which).await?;
                Ok(Skipped { done: true, proposed_by: first })
            }
        }
    }
}
