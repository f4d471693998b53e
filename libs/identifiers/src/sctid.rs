//! SNOMED CT identifiers (SNOMED CT Release File Specification, "SCTID").

use std::fmt;

use crate::Invalid;

/// What kind of component an [`Sctid`] names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Partition {
    /// Partition 00 or 10.
    Concept,
    /// Partition 01 or 11: one term of a concept.
    Description,
    /// Partition 02 or 12.
    Relationship,
}

/// A SNOMED CT identifier, kept as text: it may exceed the integers JSON and JavaScript can hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sctid(String);

impl Sctid {
    /// Reads an identifier of any partition.
    ///
    /// # Errors
    /// When length, check digit or partition is wrong.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = text.as_bytes();
        if !(6..=18).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_digit) || bytes[0] == b'0' {
            return Err(Invalid::SctidLength);
        }
        if !verhoeff_holds(bytes) {
            return Err(Invalid::SctidCheck);
        }
        let (extension, kind) = (bytes[bytes.len() - 3], bytes[bytes.len() - 2]);
        // An extension's identifier is item (1 digit or more), namespace (7), partition (2), check (1).
        let shape = extension == b'0' || (extension == b'1' && bytes.len() >= 11);
        if !shape || !matches!(kind, b'0'..=b'2') {
            return Err(Invalid::SctidPartition);
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads the identifier of a concept.
    ///
    /// # Errors
    /// As [`Sctid::parse`], and when it names something else.
    pub fn concept(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
            .and_then(|id| if id.partition() == Partition::Concept { Ok(id) } else { Err(Invalid::SctidNotConcept) })
    }

    /// Reads the identifier of a description.
    ///
    /// # Errors
    /// As [`Sctid::parse`], and when it names something else.
    pub fn description(text: &str) -> Result<Self, Invalid> {
        Self::parse(text).and_then(|id| {
            if id.partition() == Partition::Description { Ok(id) } else { Err(Invalid::SctidNotDescription) }
        })
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it names.
    #[must_use]
    pub fn partition(&self) -> Partition {
        // Parsing let only 0, 1 and 2 through.
        match self.0.as_bytes()[self.0.len() - 2] {
            b'0' => Partition::Concept,
            b'1' => Partition::Description,
            _ => Partition::Relationship,
        }
    }
}

impl fmt::Display for Sctid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Multiplication in the dihedral group of order ten (the pentagon's turns 0–4 and mirrorings 5–9), which Verhoeff's check folds with.
fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// Verhoeff's permutation, applied once more with each place to the left of the check digit.
const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

fn verhoeff_holds(digits: &[u8]) -> bool {
    let fold = digits.iter().rev().enumerate().fold(0, |sum, (place, digit)| {
        let turned = (0..place % 8).fold(digit - b'0', |value, _| PERMUTATION[usize::from(value)]);
        dihedral(sum, turned)
    });
    fold == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_lengths_and_characters_are_refused() {
        for text in
            ["", "24700", "0322341003", "3973231100000110412", "32234100 3", "322341003 ", "3223410O3", "٣٢٢٣٤١٠٠٣"]
        {
            assert_eq!(Sctid::parse(text), Err(Invalid::SctidLength), "{text}");
        }
    }

    #[test]
    fn published_mistakes_are_refused() {
        for text in ["751731000000109", "1575931000000102"] {
            assert_eq!(Sctid::parse(text), Err(Invalid::SctidCheck), "{text}");
        }
    }

    #[test]
    fn an_unknown_partition_is_refused() {
        // Each with the check digit that makes only the partition wrong.
        for body in ["32234103", "32234120", "3223419", "3223410"] {
            let text =
                (0..10).map(|check| format!("{body}{check}")).find(|text| verhoeff_holds(text.as_bytes())).unwrap();
            assert_eq!(Sctid::parse(&text), Err(Invalid::SctidPartition), "{text}");
        }
    }

    #[test]
    fn published_identifiers_are_accepted() {
        for text in ["322341003", "39732311000001104", "999000561000001109", "999000541000001108"] {
            let id = Sctid::concept(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(id.as_str(), text);
        }
    }

    #[test]
    fn the_specifications_own_examples_have_their_partitions() {
        // SNOMED CT Release File Specification: a concept's fully specified name, a preferred term, and an "is a" relationship.
        assert_eq!(Sctid::parse("100005").unwrap().partition(), Partition::Concept);
        assert_eq!(Sctid::parse("100014").unwrap().partition(), Partition::Description);
        assert_eq!(Sctid::parse("100022").unwrap().partition(), Partition::Relationship);
        assert_eq!(Sctid::parse("1290023401015").unwrap().partition(), Partition::Description);
    }

    #[test]
    fn kind_is_checked_where_it_is_asked_for() {
        assert_eq!(Sctid::concept("100014"), Err(Invalid::SctidNotConcept));
        assert_eq!(Sctid::description("100005"), Err(Invalid::SctidNotDescription));
        assert!(Sctid::description("100014").is_ok());
    }

    proptest! {
        #[test]
        fn any_one_changed_digit_or_swap_of_neighbours_is_noticed(place in 0_usize..16, by in 1_u8..10) {
            let sound = *b"39732311000001104";
            let mut changed = sound;
            changed[place] = b'0' + (changed[place] - b'0' + by) % 10;
            prop_assert!(!verhoeff_holds(&changed));
            let mut swapped = sound;
            swapped.swap(place, place + 1);
            prop_assert_eq!(verhoeff_holds(&swapped), swapped == sound);
        }
    }
}
