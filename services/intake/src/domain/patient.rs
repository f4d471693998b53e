//! The patient and who wrote, as validated.

use std::fmt;

use ehub_identifiers::NhsNumber;
use time::Date;

use super::codes::{Gender, SubmitterKind};

/// Who a consultation is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient {
    /// NHS number, when known.
    pub nhs_number: Option<NhsNumber>,
    /// Family name, in any script.
    pub family_name: String,
    /// Given names in order.
    pub given_names: String,
    /// Date of birth.
    pub birth_date: Date,
    /// Administrative gender.
    pub gender: Gender,
    /// Phone number; may be empty.
    pub phone: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Address on one line; may be empty.
    pub address: String,
    /// How to communicate.
    pub communication: Communication,
    /// What is safe when contacting.
    pub contact_safety: ContactSafety,
}

/// What the patient needs to understand and be understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Communication {
    /// BCP 47 tag; empty means English.
    pub language: String,
    /// An interpreter is needed.
    pub interpreter: bool,
    /// Format wanted; may be empty.
    pub format: String,
}

/// What is safe when contacting. Not asked is unsafe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContactSafety {
    /// Text messages.
    pub text_is_safe: Option<bool>,
    /// Voicemail.
    pub voicemail_is_safe: Option<bool>,
    /// A proxy may see the answer.
    pub proxy_may_see: Option<bool>,
}

/// Who wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Submitter {
    /// In which capacity.
    pub kind: SubmitterKind,
    /// Full name; empty for the patient.
    pub full_name: String,
    /// A proxy's relationship; empty otherwise.
    pub relationship: String,
    /// Whether the young patient's own competence was asked and recorded.
    pub competence_recorded: Option<bool>,
}

impl Patient {
    /// Whether the number is of the range that is never issued.
    pub fn is_test(&self) -> bool {
        self.nhs_number.as_ref().is_some_and(NhsNumber::is_test)
    }

    /// Whether English can be taken for the language of the text: none given, or a tag of English.
    pub fn reads_english(&self) -> bool {
        let primary = self.communication.language.split(['-', '_']).next().unwrap_or_default();
        primary.is_empty() || primary.eq_ignore_ascii_case("en") || primary.eq_ignore_ascii_case("eng")
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(***)")
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").field("kind", &self.kind).finish_non_exhaustive()
    }
}
