//! An entry and the facts others hear of it.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Author, Content, Standing, State};

/// An entry as a caller sees it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The id the author's system made.
    pub id: Uuid,
    /// The consultation.
    pub consultation: Uuid,
    /// The practice it goes to, by ODS code.
    pub practice_ods: String,
    /// Where it stands and why.
    pub standing: Standing,
    /// The author of the newest version.
    pub author: Author,
    /// The content; only where it was asked for.
    pub content: Option<Content>,
    /// 1, and one more at each replacement.
    pub version: i64,
    /// When this version was filed.
    pub filed_at: OffsetDateTime,
    /// When it was sent.
    pub sent_at: Option<OffsetDateTime>,
    /// Infrastructure acknowledgement.
    pub delivered_at: Option<OffsetDateTime>,
    /// Business acknowledgement.
    pub acknowledged_at: Option<OffsetDateTime>,
}

/// What became true of an entry.
#[derive(Debug, Clone)]
pub enum EntryEvent {
    /// Filed or replaced.
    Filed {
        /// The entry.
        entry: Uuid,
        /// Its consultation.
        consultation: Uuid,
        /// Its version.
        version: i64,
        /// Where it stands.
        state: State,
    },
    /// Moved to another state, or to another reason in the same state.
    Moved {
        /// The entry.
        entry: Uuid,
        /// Its consultation.
        consultation: Uuid,
        /// Where it stands now.
        standing: Standing,
    },
}

/// What a person did instead of the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleAction {
    /// The practice was told by phone.
    ToldPracticeByPhone,
    /// It went another way.
    SentByOtherRoute,
    /// It is not to be sent at all.
    NotToBeSent,
}

impl SettleAction {
    /// The word in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ToldPracticeByPhone => "TOLD_PRACTICE_BY_PHONE",
            Self::SentByOtherRoute => "SENT_BY_OTHER_ROUTE",
            Self::NotToBeSent => "NOT_TO_BE_SENT",
        }
    }

    /// Reads the word.
    pub fn read(word: &str) -> Option<Self> {
        [Self::ToldPracticeByPhone, Self::SentByOtherRoute, Self::NotToBeSent]
            .into_iter()
            .find(|action| action.as_str() == word)
    }
}
