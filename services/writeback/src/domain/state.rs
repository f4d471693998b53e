//! Where an entry stands.

use std::borrow::Cow;

/// The states of an entry, as the contract names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Filed; may be replaced; waits for the consultation to be completed.
    Held,
    /// To be sent.
    Ready,
    /// Accepted by MESH.
    Sent,
    /// The practice's system has it.
    Delivered,
    /// Acknowledged by the practice, filing not known.
    Acknowledged,
    /// Refused by the practice's system or the practice.
    Rejected,
    /// MESH could not deliver it.
    Undelivered,
    /// Cannot go on without a person.
    NeedsAttention,
    /// A person has dealt with it another way.
    Settled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Held,
        Self::Ready,
        Self::Sent,
        Self::Delivered,
        Self::Acknowledged,
        Self::Rejected,
        Self::Undelivered,
        Self::NeedsAttention,
        Self::Settled,
    ];

    /// The word in the database and, prefixed, in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Ready => "READY",
            Self::Sent => "SENT",
            Self::Delivered => "DELIVERED",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Rejected => "REJECTED",
            Self::Undelivered => "UNDELIVERED",
            Self::NeedsAttention => "NEEDS_ATTENTION",
            Self::Settled => "SETTLED",
        }
    }

    /// Reads the word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether a person must act.
    pub fn waits_for_a_person(self) -> bool {
        matches!(self, Self::Rejected | Self::Undelivered | Self::NeedsAttention)
    }
}

/// A state with the reason that goes with it, empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// A constant of [`reason`], or a code of ITK3 or MESH.
    pub reason: Cow<'static, str>,
}

impl Standing {
    /// A state that explains itself.
    pub fn plain(state: State) -> Self {
        Self { state, reason: Cow::Borrowed("") }
    }

    /// A state with its reason.
    pub fn because(state: State, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { state, reason: reason.into() }
    }

    /// Waiting for a person.
    pub fn attention(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::because(State::NeedsAttention, reason)
    }
}

/// Why an entry needs attention, as constants of the contract.
pub mod reason {
    /// No agreement lets the author's organisation write into this practice's records today.
    pub const NO_AGREEMENT: &str = "NO_AGREEMENT";
    /// Demographics do not know the patient, or disagree.
    pub const PATIENT_NOT_TRACED: &str = "PATIENT_NOT_TRACED";
    /// The patient's record is marked sensitive.
    pub const PATIENT_SENSITIVE: &str = "PATIENT_SENSITIVE";
    /// The patient is registered with another practice than the one that accepted.
    pub const PATIENT_MOVED: &str = "PATIENT_MOVED";
    /// The patient has died.
    pub const PATIENT_DECEASED: &str = "PATIENT_DECEASED";
    /// The NHS number was replaced by another.
    pub const NHS_NUMBER_SUPERSEDED: &str = "NHS_NUMBER_SUPERSEDED";
    /// Restricted content never goes by Send Document.
    pub const RESTRICTED: &str = "RESTRICTED";
    /// A test patient is never sent live.
    pub const TEST_PATIENT: &str = "TEST_PATIENT";
    /// The document is larger than receivers take.
    pub const DOCUMENT_TOO_LARGE: &str = "DOCUMENT_TOO_LARGE";
    /// An acknowledgement did not come in time.
    pub const ACKNOWLEDGEMENT_MISSING: &str = "ACKNOWLEDGEMENT_MISSING";
    /// It is not known whether MESH accepted the document, and it was sent as often as is safe.
    pub const SEND_OUTCOME_UNKNOWN: &str = "SEND_OUTCOME_UNKNOWN";
    /// The practice's system answered without a code.
    pub const RESPONSE_WITHOUT_CODE: &str = "RESPONSE_WITHOUT_CODE";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_others_do_not() {
        assert_eq!(State::read("FILED"), None);
        for state in State::ALL {
            assert_eq!(State::read(state.as_str()), Some(state));
        }
    }
}
