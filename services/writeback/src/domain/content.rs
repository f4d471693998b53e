//! What an entry says.

use std::{collections::BTreeMap, fmt};

use ehub_identifiers::Sctid;
use time::Date;

/// A PRSB heading, in the order in which a record shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heading {
    /// Why the patient came.
    PresentingComplaint,
    /// What led up to it.
    History,
    /// What was found.
    Examination,
    /// What the author makes of it.
    Assessment,
    /// What will be done.
    Plan,
    /// What to do if it gets worse.
    SafetyNet,
    /// What the patient was told.
    InformationGiven,
}

impl Heading {
    /// Every heading in order.
    pub const ALL: [Self; 7] = [
        Self::PresentingComplaint,
        Self::History,
        Self::Examination,
        Self::Assessment,
        Self::Plan,
        Self::SafetyNet,
        Self::InformationGiven,
    ];

    /// The key in the contract.
    pub fn key(self) -> &'static str {
        match self {
            Self::PresentingComplaint => "presenting-complaint",
            Self::History => "history",
            Self::Examination => "examination",
            Self::Assessment => "assessment",
            Self::Plan => "plan",
            Self::SafetyNet => "safety-net",
            Self::InformationGiven => "information-given",
        }
    }

    /// The heading as a record prints it.
    pub fn title(self) -> &'static str {
        match self {
            Self::PresentingComplaint => "Presenting complaint",
            Self::History => "History",
            Self::Examination => "Examination",
            Self::Assessment => "Assessment",
            Self::Plan => "Plan",
            Self::SafetyNet => "Safety netting",
            Self::InformationGiven => "Information and advice given",
        }
    }

    /// Reads a key.
    pub fn read(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|heading| heading.key() == key)
    }
}

/// What a coded item is to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A problem.
    Problem,
    /// A finding.
    Finding,
    /// A procedure.
    Procedure,
}

impl ItemKind {
    /// The word in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "PROBLEM",
            Self::Finding => "FINDING",
            Self::Procedure => "PROCEDURE",
        }
    }

    /// Reads the word.
    pub fn read(word: &str) -> Option<Self> {
        [Self::Problem, Self::Finding, Self::Procedure].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A coded finding, problem or procedure.
#[derive(Clone, PartialEq, Eq)]
pub struct CodedItem {
    /// What it is to the record.
    pub kind: ItemKind,
    /// SNOMED CT concept.
    pub concept: Sctid,
    /// SNOMED CT description: the very term the author chose.
    pub description: Option<Sctid>,
    /// The term as the author saw it.
    pub term: String,
}

/// A decimal number, kept as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Decimal(String);

/// Not a decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADecimal;

impl fmt::Display for NotADecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a decimal number in ASCII digits, such as 37.4, at most 20 characters")
    }
}

impl Decimal {
    /// Reads `-?digits(.digits)?`.
    pub fn parse(text: &str) -> Result<Self, NotADecimal> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let good = text.len() <= 20 && all_digits(whole) && fraction.is_none_or(all_digits);
        if good { Ok(Self(text.to_owned())) } else { Err(NotADecimal) }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A unit of measure in UCUM (`Cel`, `mm[Hg]`, `{beats}/min`).
#[derive(Clone, PartialEq, Eq)]
pub struct Unit(String);

/// Not a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAUnit;

impl fmt::Display for NotAUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a UCUM unit: 1 to 40 visible ASCII characters without blanks, such as mm[Hg]")
    }
}

impl Unit {
    /// UCUM units are visible ASCII (UCUM section 2, character set).
    pub fn parse(text: &str) -> Result<Self, NotAUnit> {
        let good = (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if good { Ok(Self(text.to_owned())) } else { Err(NotAUnit) }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A measured value.
#[derive(Clone, PartialEq, Eq)]
pub struct Observation {
    /// SNOMED CT concept.
    pub concept: Sctid,
    /// The term.
    pub term: String,
    /// The value.
    pub value: Decimal,
    /// The unit.
    pub unit: Unit,
}

/// A fit note that was made elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct FitNote {
    /// Who issued it.
    pub issuer: String,
    /// The system it was made in.
    pub system: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// What is recorded: at least one heading, item or observation.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// Free text by heading.
    pub headings: BTreeMap<Heading, String>,
    /// Coded items.
    pub items: Vec<CodedItem>,
    /// Observations.
    pub observations: Vec<Observation>,
    /// What happens next; may be empty.
    pub follow_up: String,
    /// A fit note made elsewhere.
    pub fit_note: Option<FitNote>,
    /// The patient asked to hide it from their online record.
    pub hide_from_online_record: bool,
}

/// Who wrote it, as at that time.
#[derive(Clone, PartialEq, Eq)]
pub struct Author {
    /// The subject of the token.
    pub subject: String,
    /// The name.
    pub name: String,
    /// The role.
    pub role: String,
    /// The organisation, by ODS code.
    pub organisation_ods: String,
    /// The practice on whose behalf, by ODS code.
    pub on_behalf_of_ods: String,
}

/// An issued medicine, as the document shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Medicine {
    /// dm+d code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How much.
    pub quantity: String,
    /// In which unit.
    pub unit: String,
    /// Dose instructions.
    pub dosage: String,
}

macro_rules! redacted {
    ($($type:ident),*) => {$(
        /// Patient data stays out of logs.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(***)"))
            }
        }
    )*};
}
redacted!(CodedItem, Decimal, Unit, Observation, FitNote, Content, Author, Medicine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1,5", "1e3", "٣", "1.2.3", "--1", "123456789012345678901", " 1"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
        for text in ["0", "37.4", "-0.5", "120"] {
            assert!(Decimal::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn units_are_visible_ascii() {
        assert!(["", "°C", "mm Hg", "\u{7f}"].iter().all(|unit| Unit::parse(unit).is_err()));
        assert!(["Cel", "mm[Hg]", "{beats}/min", "%"].iter().all(|unit| Unit::parse(unit).is_ok()));
    }

    #[test]
    fn debug_shows_no_content() {
        let content = Content { follow_up: "call back".into(), ..Content::default() };
        assert_eq!(format!("{content:?}"), "Content(***)");
    }
}
