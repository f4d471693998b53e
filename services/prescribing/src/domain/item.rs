//! One medicine of a prescription and the rules for it.

use std::fmt;

use ehub_identifiers::Sctid;

/// A quantity: a decimal number greater than 0, kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity(String);

/// What is wrong with an item, as what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemRefused {
    /// Not a quantity.
    #[error("must be a decimal number greater than 0, with at most 7 digits before and 4 after the point")]
    Quantity,
    /// Schedule 1, which EPS does not carry.
    #[error("schedule 1 cannot be prescribed through EPS")]
    ScheduleOne,
    /// No schedule at all.
    #[error("must be empty, `2`, `3`, `4-1`, `4-2` or `5`")]
    Schedule,
    /// Schedules 2 and 3 without the quantity in words.
    #[error("is required for schedules 2 and 3: the quantity in words")]
    WordsMissing,
    /// Schedules 2 and 3 with a dose that says nothing.
    #[error("must say the dose for schedules 2 and 3, not only \"as directed\"")]
    DoseMissing,
    /// A repeat.
    #[error("must be `acute`: a hub issues no repeat prescriptions, they stay with the practice")]
    Repeat,
}

/// The schedule of a controlled drug (Misuse of Drugs Regulations 2001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// 2.
    Two,
    /// 3.
    Three,
    /// 4 part 1.
    FourOne,
    /// 4 part 2.
    FourTwo,
    /// 5.
    Five,
}

/// One medicine.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// dm+d VMP or AMP.
    pub medicine: Sctid,
    /// Its name.
    pub medicine_name: String,
    /// How much.
    pub quantity: Quantity,
    /// dm+d unit of measure.
    pub unit: Sctid,
    /// The unit's name.
    pub unit_name: String,
    /// The dose in full words.
    pub dosage: String,
    /// How many days it lasts, 1 to 366.
    pub days: u16,
    /// The schedule of a controlled drug.
    pub schedule: Option<Schedule>,
    /// The quantity in words.
    pub quantity_words: Option<String>,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("days", &self.days).field("schedule", &self.schedule).finish_non_exhaustive()
    }
}

impl Quantity {
    /// Reads a quantity such as `20` or `2.5`: ASCII digits, so that no other script's digits
    /// reach a dispenser.
    pub fn parse(text: &str) -> Result<Self, ItemRefused> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        // "007" is no number in JSON.
        let form = digits(whole, 7) && digits(part, 4) && (whole == "0" || !whole.starts_with('0'));
        let positive = text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if form && positive { Ok(Self(text.to_owned())) } else { Err(ItemRefused::Quantity) }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Schedule {
    /// Reads `2`, `3`, `4-1`, `4-2`, `5`; empty is none.
    pub fn parse(text: &str) -> Result<Option<Self>, ItemRefused> {
        match text {
            "" => Ok(None),
            "1" => Err(ItemRefused::ScheduleOne),
            "2" => Ok(Some(Self::Two)),
            "3" => Ok(Some(Self::Three)),
            "4-1" => Ok(Some(Self::FourOne)),
            "4-2" => Ok(Some(Self::FourTwo)),
            "5" => Ok(Some(Self::Five)),
            _ => Err(ItemRefused::Schedule),
        }
    }

    /// As [`Schedule::parse`] reads it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Two => "2",
            Self::Three => "3",
            Self::FourOne => "4-1",
            Self::FourTwo => "4-2",
            Self::Five => "5",
        }
    }

    /// Whether the quantity must be in words and figures, and the dose said.
    pub fn needs_words(self) -> bool {
        matches!(self, Self::Two | Self::Three)
    }

    /// Whether the record must have been seen before signing.
    pub fn needs_record(self) -> bool {
        self != Self::Five
    }
}

/// Whether a dose says nothing but "as directed". Wrong the safe way: a dose with a number or a
/// measure in it is never taken for one.
pub fn says_only_as_directed(dosage: &str) -> bool {
    const EMPTY: [&str; 22] = [
        "as",
        "directed",
        "advised",
        "instructed",
        "prescribed",
        "needed",
        "required",
        "take",
        "use",
        "apply",
        "to",
        "be",
        "taken",
        "used",
        "applied",
        "by",
        "your",
        "the",
        "doctor",
        "gp",
        "mdu",
        "prescriber",
    ];
    dosage
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| EMPTY.contains(&word.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_things_than_quantities_are_refused() {
        for text in
            ["", "0", "0.0", "-1", "+1", "1.", ".5", "1,5", "1e3", "٣", "12345678", "1.23456", "007", "NaN", " 1"]
        {
            assert_eq!(Quantity::parse(text), Err(ItemRefused::Quantity), "{text}");
        }
        for text in ["1", "20", "0.5", "2.50", "1234567.1234"] {
            assert_eq!(Quantity::parse(text).expect("a quantity").as_str(), text);
        }
    }

    #[test]
    fn schedule_one_is_outside_eps() {
        assert_eq!(Schedule::parse("1"), Err(ItemRefused::ScheduleOne));
        assert_eq!(Schedule::parse("4"), Err(ItemRefused::Schedule));
        assert_eq!(Schedule::parse("CD2"), Err(ItemRefused::Schedule));
        assert_eq!(Schedule::parse(""), Ok(None));
        for text in ["2", "3", "4-1", "4-2", "5"] {
            assert_eq!(Schedule::parse(text).expect("known").expect("one").as_str(), text);
        }
    }

    #[test]
    fn a_dose_must_say_something() {
        for text in
            ["as directed", "As Directed.", "TAKE AS DIRECTED BY YOUR DOCTOR", "to be used as advised", "MDU", ""]
        {
            assert!(says_only_as_directed(text), "{text}");
        }
        for text in ["one tablet as directed", "1 twice a day", "apply thinly as directed", "take two at night"] {
            assert!(!says_only_as_directed(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_quantity_panic(text in ".{0,12}") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let number: f64 = quantity.as_str().parse().expect("a number");
                prop_assert!(number > 0.0);
            }
        }

        #[test]
        fn a_dose_with_a_number_is_a_dose(number in 1..100u8, words in "(take|use) as directed") {
            let dose = format!("{words} {number}");
            prop_assert!(!says_only_as_directed(&dose));
        }
    }
}
