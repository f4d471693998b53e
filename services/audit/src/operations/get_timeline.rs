//! A consultation's whole story, for those who may audit its practice.

use std::fmt;

use ehub_access::{AccessError, require_fresh};
use ehub_identifiers::{ConsultationId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};

use crate::storage::timeline::{self, Line, Seen};

/// Reads the story.
#[derive(Debug, Clone)]
pub struct GetTimeline {
    /// Of which consultation.
    pub consultation: ConsultationId,
    /// The practices the caller's token is limited to, when it is.
    pub practices: Option<Vec<OdsCode>>,
}

/// The story.
pub struct Story {
    /// Of which consultation.
    pub consultation: ConsultationId,
    /// Its episodes.
    pub episodes: Vec<Seen>,
    /// What happened, oldest first.
    pub lines: Vec<Line>,
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Story").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

/// Why it is not told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the caller's: the same answer.
    #[error("no such consultation")]
    NotFound,
    /// Access could not be judged.
    #[error("access was refused")]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for GetTimeline {
    const NAME: &'static str = "get_timeline";
    type Output = Story;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Story, Error> {
        require_fresh(tx).await?;
        // Row security gives the episodes of practices whose story the caller may read, and no other.
        let episodes = timeline::episodes(tx, self.consultation).await?;
        let practice = episodes.iter().find_map(|seen| seen.practice_ods.clone()).ok_or(Error::NotFound)?;
        let listed = |listed: &Vec<OdsCode>| listed.iter().any(|ods| ods.as_str() == practice);
        if !self.practices.as_ref().is_none_or(listed) {
            return Err(Error::NotFound);
        }
        tx.concerns(self.consultation.uuid());
        tx.on_behalf_of(practice);
        let lines = timeline::lines(tx, self.consultation).await?;
        Ok(Story { consultation: self.consultation, episodes, lines })
    }
}
