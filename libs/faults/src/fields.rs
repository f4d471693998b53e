//! Collecting every wrong field of a request, each with its path.

use std::{borrow::Cow, fmt};

use crate::Fault;

/// One wrong field: where it is and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Dotted path from the request, list positions in brackets: `items[2].quantity.value`.
    pub field: String,
    /// What would be right; never the value that was sent.
    pub description: Cow<'static, str>,
}

/// Gathers violations while a request is parsed, so that a caller learns all of them at once, or as many as an answer has
/// room for and how many more there are.
///
/// A parser asks for each field with [`Fields::check`] or [`Fields::require`], keeps what it got
/// in `Option`s and unwraps them after [`Fields::finish`] has said that nothing is missing.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Vec<Violation>,
    /// How many bytes they take in an answer.
    bytes: usize,
    /// How many more there are, which the answer has no room for.
    more: usize,
    page_token_wrong: bool,
}

/// An answer's details travel in a header, and clients take 8 KiB of headers without being told otherwise: so much of it
/// is for violations, before they are written in base 64.
const ROOM: usize = 5 * 1024;

/// The most rows a page may hold.
const PAGE_MOST: i32 = 500;
/// What a page holds when the caller does not say.
const PAGE_USUAL: u16 = 50;

/// A place in a request, from which paths of its parts are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPath(String);

impl FieldPath {
    /// The request itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A field of this place.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// A member of the list at this place, counted from 0.
    #[must_use]
    pub fn index(&self, position: usize) -> Self {
        Self(format!("{}[{position}]", self.0))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for FieldPath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

impl Fields {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records a wrong field.
    pub fn wrong(&mut self, path: impl Into<FieldPath>, description: impl Into<Cow<'static, str>>) {
        if self.bytes > ROOM {
            self.more += 1;
            return;
        }
        let violation = Violation { field: path.into().0, description: description.into() };
        // Ten for what stands around them.
        self.bytes += violation.field.len() + violation.description.len() + 10;
        self.violations.push(violation);
    }

    /// Whether the members of a list are to be looked at: not those of one that is longer than it may be, which is wrong
    /// as a whole.
    pub fn list(&mut self, path: impl Into<FieldPath>, length: usize, most: usize) -> bool {
        if length > most {
            self.wrong(path, format!("must have at most {most} members"));
        }
        length <= most
    }

    /// Keeps the value of a parse, or records why it failed. The error text must not echo input.
    pub fn check<T, E: fmt::Display>(&mut self, path: impl Into<FieldPath>, parsed: Result<T, E>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(path, error.to_string());
                None
            }
        }
    }

    /// Keeps a value that must be there.
    pub fn require<T>(&mut self, path: impl Into<FieldPath>, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.wrong(path, "is required");
        }
        value
    }

    /// Text that must be there: not blank, no NUL, at most `max` characters. Kept as given.
    pub fn text(&mut self, path: impl Into<FieldPath>, value: &str, max: usize) -> Option<String> {
        let path = path.into();
        if value.trim().is_empty() {
            self.wrong(path, "is required");
            return None;
        }
        self.optional_text(path, value, max)
    }

    /// Text that may be empty: no NUL, at most `max` characters. Kept as given.
    pub fn optional_text(&mut self, path: impl Into<FieldPath>, value: &str, max: usize) -> Option<String> {
        if value.contains('\0') {
            self.wrong(path, "must not contain the character NUL");
            return None;
        }
        if value.chars().count() > max {
            self.wrong(path, format!("must have at most {max} characters"));
            return None;
        }
        Some(value.to_owned())
    }

    /// How many rows a page holds at most: 1 to 500, and 50 for the 0 of a caller who does not say.
    pub fn page_size(&mut self, asked: i32) -> u16 {
        match u16::try_from(asked) {
            Ok(0) => PAGE_USUAL,
            Ok(size) if asked <= PAGE_MOST => size,
            _ => {
                self.wrong("page_size", "must be 1 to 500, or 0 for 50");
                PAGE_USUAL
            }
        }
    }

    /// The place a page token stands for, or that it is none of ours.
    pub fn page_token<T, E>(&mut self, opened: Result<T, E>) -> Option<T> {
        if opened.is_err() {
            self.page_token_wrong = true;
            self.wrong("page_token", "must be the next_page_token of the page before, with the same other fields");
        }
        opened.ok()
    }

    /// Whether anything is wrong so far.
    pub fn any_wrong(&self) -> bool {
        !self.violations.is_empty()
    }

    /// All is well, or every violation at once.
    pub fn finish(self) -> Result<(), Fault> {
        if self.violations.is_empty() {
            Ok(())
        } else if self.page_token_wrong && self.violations.len() == 1 {
            Err(Fault::bad_page_token(self.violations))
        } else {
            let fault = Fault::bad_request(self.violations);
            Err(if self.more == 0 { fault } else { fault.with("more", self.more.to_string()) })
        }
    }

    /// What a parser got, once nothing is wrong. `None` without a recorded violation is a bug in
    /// the parser and reads as such.
    pub fn into_result<T>(self, value: Option<T>) -> Result<T, Fault> {
        self.finish()?;
        value.ok_or_else(|| Fault::internal(&Unexplained))
    }
}

/// A parser gave nothing and said nothing.
#[derive(Debug)]
struct Unexplained;

impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request parser returned nothing without naming a field")
    }
}

impl std::error::Error for Unexplained {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_the_request() {
        let path = FieldPath::root().field("items").index(2).field("quantity");
        assert_eq!(path.to_string(), "items[2].quantity");
    }

    #[test]
    fn every_wrong_field_is_reported_at_once() {
        let mut fields = Fields::new();
        assert_eq!(fields.text("a", " ", 5), None);
        assert_eq!(fields.text("b", "too long", 5), None);
        assert_eq!(fields.text("c", "nul\0", 5), None);
        assert_eq!(fields.text("d", "é🙂", 2).as_deref(), Some("é🙂"));
        let status = fields.finish().expect_err("three are wrong").into_status();
        let violations = tonic_types::StatusExt::get_error_details(&status);
        assert_eq!(violations.bad_request().expect("fields").field_violations.len(), 3);
    }

    #[test]
    fn an_answer_has_room_for_some_and_says_how_many_more_there_are() {
        let mut fields = Fields::new();
        for at in 0..5_000 {
            fields.wrong(FieldPath::from("answers").index(at).field("value"), "must be one of the options");
        }
        let status = fields.finish().expect_err("all are wrong").into_status();
        assert!(status.details().len() < 6 * 1024, "{}", status.details().len());
        let details = tonic_types::StatusExt::get_error_details(&status);
        let named = details.bad_request().expect("fields").field_violations.len();
        let more = &details.error_info().expect("a reason").metadata["more"];
        assert!(named > 50 && named + more.parse::<usize>().expect("a number") == 5_000, "{named} and {more}");
    }

    #[test]
    fn a_list_that_is_too_long_is_wrong_as_a_whole() {
        let mut fields = Fields::new();
        assert!(fields.list("short", 3, 3) && !fields.list("long", 4, 3));
        let status = fields.finish().expect_err("one is too long").into_status();
        let details = tonic_types::StatusExt::get_error_details(&status);
        let violations = &details.bad_request().expect("fields").field_violations;
        assert_eq!((violations.len(), violations[0].field.as_str()), (1, "long"));
    }

    #[test]
    fn a_page_has_one_to_five_hundred_rows() {
        for (asked, given) in [(0, 50), (1, 1), (500, 500)] {
            let mut fields = Fields::new();
            assert_eq!(fields.page_size(asked), given);
            assert!(fields.finish().is_ok(), "{asked}");
        }
        for asked in [-1, i32::MIN, 501, 65_536, i32::MAX] {
            let mut fields = Fields::new();
            fields.page_size(asked);
            assert_eq!(fields.finish().expect_err("refused").reason(), "INVALID_FIELDS", "{asked}");
        }
    }

    #[test]
    fn a_bad_page_token_has_a_reason_of_its_own_unless_more_is_wrong() {
        let mut alone = Fields::new();
        assert_eq!(alone.page_token::<(), _>(Err(())), None);
        assert_eq!(alone.finish().expect_err("refused").reason(), "PAGE_TOKEN_INVALID");
        let mut both = Fields::new();
        both.page_size(-1);
        both.page_token::<(), _>(Err(()));
        let fault = both.finish().expect_err("refused");
        assert_eq!(fault.reason(), "INVALID_FIELDS");
        let status = fault.into_status();
        let details = tonic_types::StatusExt::get_error_details(&status);
        let named: Vec<_> =
            details.bad_request().expect("fields").field_violations.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(named, ["page_size", "page_token"]);
    }

    #[test]
    fn a_parser_that_says_nothing_is_a_bug() {
        let fault = Fields::new().into_result::<()>(None).expect_err("nothing came");
        assert_eq!(fault.code(), tonic::Code::Internal);
    }
}
