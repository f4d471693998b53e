//! What the events of the other services say, in our own words.

use ehub_identifiers::{OrganisationId, QuarantineId};
use time::OffsetDateTime;

/// One fact. Facts of one source and consultation come in order; across sources in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A consultation became durable.
    Accepted(Accepted),
    /// It was put into a pool.
    Routed {
        /// Which life.
        episode: u32,
    },
    /// A person claimed it.
    Claimed {
        /// Which life.
        episode: u32,
    },
    /// A claim ended without completion.
    ClaimEnded {
        /// Which life.
        episode: u32,
    },
    /// It moved to another organisation's pool.
    Transferred {
        /// Which life.
        episode: u32,
    },
    /// It was closed.
    Completed(Completed),
    /// It was withdrawn before anybody had worked on it.
    Withdrawn {
        /// Which life.
        episode: u32,
        /// When.
        at: OffsetDateTime,
    },
    /// An entry or a prescription stands somewhere now.
    Stands {
        /// `entries/…` or `prescriptions/…`.
        name: String,
        /// The state, as in the protos without their prefix.
        state: String,
    },
    /// A task was raised that a person must settle.
    TaskRaised {
        /// The resource it is about.
        subject: String,
        /// What it is.
        kind: String,
    },
    /// A message is kept in quarantine.
    Quarantined(QuarantineId),
    /// A message was refused with the acknowledgement that says so.
    Rejected(QuarantineId),
    /// Something that is logged, and concludes nothing.
    Noted,
}

/// A consultation as it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Which life.
    pub episode: u32,
    /// The practice, when the register knew it.
    pub practice: Option<OrganisationId>,
    /// The practice, by ODS code.
    pub practice_ods: String,
    /// The quarantined message it was made of.
    pub quarantined: Option<QuarantineId>,
    /// When the patient made contact.
    pub first_contact_at: OffsetDateTime,
    /// When it became durable.
    pub accepted_at: OffsetDateTime,
}

/// A consultation as it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// Which life.
    pub episode: u32,
    /// When.
    pub completed_at: OffsetDateTime,
    /// Whether the promise to the patient was kept.
    pub in_time: bool,
    /// What had an outcome to wait for: names and versions.
    pub manifest: Vec<(String, i64)>,
}

impl Fact {
    /// The episode it says itself to belong to.
    pub fn episode(&self) -> Option<u32> {
        match self {
            Self::Accepted(accepted) => Some(accepted.episode),
            Self::Completed(completed) => Some(completed.episode),
            Self::Routed { episode }
            | Self::Claimed { episode }
            | Self::ClaimEnded { episode }
            | Self::Transferred { episode }
            | Self::Withdrawn { episode, .. } => Some(*episode),
            _ => None,
        }
    }
}
