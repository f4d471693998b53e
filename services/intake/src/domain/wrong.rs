//! Collecting everything that is wrong with an input, each with its path.

use std::borrow::Cow;

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where, as in the request: `patient.birth_date`.
    pub path: String,
    /// What would be right; never the value.
    pub problem: Cow<'static, str>,
}

/// Everything wrong so far.
#[derive(Debug, Default)]
pub struct Wrongs(pub Vec<Wrong>);

impl Wrongs {
    /// Notes a wrong field.
    pub fn note(&mut self, path: impl Into<String>, problem: impl Into<Cow<'static, str>>) {
        self.0.push(Wrong { path: path.into(), problem: problem.into() });
    }

    /// Text that may be empty: no NUL, at most `max` characters, kept as given.
    pub fn text(&mut self, path: &str, value: String, max: usize) -> String {
        if value.contains('\0') {
            self.note(path, "must not contain the character NUL");
        } else if value.chars().count() > max {
            self.note(path, format!("must have at most {max} characters"));
        }
        value
    }

    /// Text that must be there.
    pub fn required(&mut self, path: &str, value: String, max: usize) -> String {
        if value.trim().is_empty() {
            self.note(path, "is required");
            return value;
        }
        self.text(path, value, max)
    }

    /// A value that must be there.
    pub fn present<T>(&mut self, path: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.note(path, "is required");
        }
        value
    }
}
