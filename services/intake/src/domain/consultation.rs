//! A consultation as it was accepted.

use std::fmt;

use super::{
    codes::Need,
    patient::{Patient, Submitter},
};

/// Who, by whom, what: everything that was validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consultation {
    /// The patient.
    pub patient: Patient,
    /// Who wrote.
    pub submitter: Submitter,
    /// What is asked.
    pub content: Content,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// What for.
    pub need: Need,
    /// Topic of `a-z0-9-`.
    pub topic: String,
    /// The patient's own words; may be empty when there are answers.
    pub free_text: String,
    /// Answers in order.
    pub answers: Vec<Answer>,
    /// Safeguarding, coercion or confidential.
    pub restricted: bool,
}

/// One answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question's stable id.
    pub question_id: String,
    /// The question as shown.
    pub question: String,
    /// The answer.
    pub answer: String,
}

impl Content {
    /// All that was written, one thing a line, for phrase rules.
    pub fn text(&self) -> String {
        let mut text = self.free_text.clone();
        for answer in &self.answers {
            text.push('\n');
            text.push_str(&answer.answer);
        }
        text
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("need", &self.need)
            .field("answers", &self.answers.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(***)")
    }
}
