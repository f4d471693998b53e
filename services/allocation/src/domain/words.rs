//! The closed sets of words that allocation stores and speaks.

use std::fmt;

/// A word in storage that is none of its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a word of its set")]
pub struct UnknownWord;

macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every word of the set.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads a word.
            ///
            /// # Errors
            /// When it is none of the set.
            pub fn parse(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or(UnknownWord)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// How urgent an item is; later is more urgent.
    Urgency {
        /// By its promise.
        Routine = "ROUTINE",
        /// Within the urgent target.
        Urgent = "URGENT",
        /// At once.
        Emergency = "EMERGENCY",
    }
    /// What is asked for.
    Need {
        /// Advice, assessment or treatment.
        Clinical = "CLINICAL",
        /// Something administrators do.
        Administrative = "ADMINISTRATIVE",
        /// Administration that needs a clinician.
        ClinicalAdministrative = "CLINICAL_ADMINISTRATIVE",
    }
    /// Whose pool it is.
    PoolKind {
        /// A hub's.
        Hub = "HUB",
        /// A practice's.
        Practice = "PRACTICE",
    }
    /// Why a claim ended without completion.
    EndCause {
        /// Given back.
        Released = "RELEASED",
        /// The lease ran out.
        Expired = "EXPIRED",
        /// Passed back to the practice.
        PassedBack = "PASSED_BACK",
        /// Ended by somebody else.
        Overridden = "OVERRIDDEN",
    }
    /// Why an item changed pools.
    TransferKind {
        /// To the patient's practice.
        PassBack = "PASS_BACK",
        /// Unacknowledged in time: back to the hub.
        Returned = "RETURNED",
    }
    /// How the patient was told.
    ToldChannel {
        /// By phone.
        Phone = "PHONE",
        /// By message.
        Message = "MESSAGE",
        /// By video.
        Video = "VIDEO",
        /// Face to face.
        InPerson = "IN_PERSON",
    }
    /// Why no record was seen.
    NotSeen {
        /// It could not be reached.
        Unavailable = "UNAVAILABLE",
        /// The decision did not need it.
        NotNeeded = "NOT_NEEDED",
    }
    /// How an emergency was made safe.
    SafeKind {
        /// The patient was spoken to.
        SpokeToPatient = "SPOKE_TO_PATIENT",
        /// An ambulance was called.
        AmbulanceCalled = "AMBULANCE_CALLED",
        /// The patient is in an emergency department.
        InEmergencyDepartment = "IN_EMERGENCY_DEPARTMENT",
        /// A clinician judged it safe.
        AssessedSafe = "ASSESSED_SAFE",
    }
    /// What an organisation is.
    OrganisationKind {
        /// A general practice.
        Practice = "ORGANISATION_KIND_PRACTICE",
        /// A hub.
        Hub = "ORGANISATION_KIND_HUB",
        /// An integrated care board.
        Icb = "ORGANISATION_KIND_ICB",
        /// A supplier.
        Supplier = "ORGANISATION_KIND_SUPPLIER",
    }
    /// How a consultation ended.
    OutcomeKind {
        /// Advice was given.
        AdviceGiven = "OUTCOME_KIND_ADVICE_GIVEN",
        /// Treated.
        Treated = "OUTCOME_KIND_TREATED",
        /// A fit note was made elsewhere.
        FitNote = "OUTCOME_KIND_FIT_NOTE",
        /// Sent to urgent or emergency care.
        UrgentCare = "OUTCOME_KIND_URGENT_CARE",
        /// Administration done.
        AdministrationDone = "OUTCOME_KIND_ADMINISTRATION_DONE",
        /// Signposted.
        Signposted = "OUTCOME_KIND_SIGNPOSTED",
    }
}

impl OutcomeKind {
    /// Whether a clinician decided, so that the record must have been seen and an entry filed.
    #[must_use]
    pub const fn is_clinical(self) -> bool {
        match self {
            Self::AdviceGiven | Self::Treated | Self::FitNote | Self::UrgentCare => true,
            Self::AdministrationDone | Self::Signposted => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_refused_and_every_word_reads_back() {
        assert_eq!(Urgency::parse("urgent"), Err(UnknownWord));
        for word in OutcomeKind::ALL {
            assert_eq!(OutcomeKind::parse(word.as_str()), Ok(*word));
        }
    }

    #[test]
    fn urgency_is_ordered() {
        assert!(Urgency::Routine < Urgency::Urgent && Urgency::Urgent < Urgency::Emergency);
    }
}
