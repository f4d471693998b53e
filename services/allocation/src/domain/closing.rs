//! How a consultation ends: outcome, who told the patient, which record was seen, that it is safe.

use std::fmt;

use time::OffsetDateTime;

use crate::domain::words::{NotSeen, OutcomeKind, SafeKind, ToldChannel};

/// That an emergency was made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safe {
    /// How.
    pub kind: SafeKind,
    /// When.
    pub at: OffsetDateTime,
}

/// Which record was seen, or why none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Seen.
    Seen {
        /// Which record.
        source: String,
        /// When.
        at: OffsetDateTime,
    },
    /// Not seen.
    NotSeen(NotSeen),
}

/// How a consultation ends.
#[derive(Clone, PartialEq, Eq)]
pub struct Closing {
    /// What was done.
    pub outcome: OutcomeKind,
    /// A note for the practice.
    pub note: String,
    /// When the patient was told.
    pub told_at: OffsetDateTime,
    /// How.
    pub told_by: ToldChannel,
    /// The record; always there for a clinical outcome.
    pub record: Option<Record>,
    /// For an emergency.
    pub safe: Option<Safe>,
}

/// The note is about a patient and stays out.
impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing")
            .field("outcome", &self.outcome)
            .field("told_at", &self.told_at)
            .finish_non_exhaustive()
    }
}

impl Closing {
    /// Whether the promise was met: telling the patient is the response of a named person.
    #[must_use]
    pub fn in_time(&self, respond_by: OffsetDateTime) -> bool {
        self.told_at <= respond_by
    }
}

/// Something that exists at closing and has an outcome to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Resource name.
    pub name: String,
    /// Its version at closing.
    pub version: i64,
}

/// Something still to be done before closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAction {
    /// Resource name.
    pub subject: String,
    /// What.
    pub kind: String,
}
