//! A consultation as somebody wrote it down, before anything was checked.
//!
//! Every channel makes one of these, so that every channel is held to the same rules with the
//! same paths (`patient.birth_date`, `content.answers[2].answer`).

use std::fmt;

use super::{
    codes::{Need, SubmitterKind},
    patient::{Communication, ContactSafety},
};

/// Everything a submitter gave.
#[derive(Default)]
pub struct Draft {
    /// The patient; `None` when there was none.
    pub patient: Option<PatientDraft>,
    /// Who wrote.
    pub submitter: Option<SubmitterDraft>,
    /// What is asked.
    pub content: Option<ContentDraft>,
}

/// The patient as given.
#[derive(Default)]
pub struct PatientDraft {
    /// May be empty.
    pub nhs_number: String,
    /// Family name.
    pub family_name: String,
    /// Given names.
    pub given_names: String,
    /// `YYYY-MM-DD`.
    pub birth_date: String,
    /// FHIR code; empty is taken as unknown.
    pub gender: String,
    /// Phone.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Address.
    pub address: String,
    /// Communication needs.
    pub communication: Communication,
    /// Contact safety.
    pub contact_safety: ContactSafety,
}

/// Who wrote, as given.
#[derive(Default)]
pub struct SubmitterDraft {
    /// `None` when not said.
    pub kind: Option<SubmitterKind>,
    /// Full name.
    pub full_name: String,
    /// Relationship.
    pub relationship: String,
    /// Competence of a young patient.
    pub competence_recorded: Option<bool>,
}

/// What is asked, as given.
#[derive(Default)]
pub struct ContentDraft {
    /// `None` when not said.
    pub need: Option<Need>,
    /// Topic.
    pub topic: String,
    /// Free text.
    pub free_text: String,
    /// Question id, question, answer.
    pub answers: Vec<(String, String, String)>,
    /// Restricted.
    pub restricted: bool,
}

macro_rules! redacted {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )+};
}

redacted!(Draft, PatientDraft, SubmitterDraft, ContentDraft);
