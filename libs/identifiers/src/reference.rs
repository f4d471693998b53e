//! The consultation reference people read out on the telephone, with a check against mishearing.
//!
//! Eight characters carry 40 random bits, the ninth checks. Characters are elements of GF(32) (binary polynomials modulo
//! `x^5 + x^2 + 1`, whose root generates the field); the sum of each character times `root^place`, the check at place 0 and the first
//! character at place 8, must be [`TARGET`]. The nine weights are non-zero and all different, so one changed character, and any two
//! different characters swapped, neighbours or not, change the sum.

use std::fmt;
use std::str::FromStr;

use crate::Invalid;

/// Nine characters, shown as `ABC-DEF-GHJ`. Not a secret and not an authorisation: what it opens needs more.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(String);

/// Digits and capitals without I, L, O (heard or read as 1, 1, 0) and U, by value: Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Not zero, so that a cleared field (nine zeros) is no reference.
const TARGET: u8 = 1;

impl Reference {
    /// Makes a reference from 40 random bits.
    #[must_use]
    pub fn from_random(random: [u8; 5]) -> Self {
        let bits = random.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let mut values = [0; 9];
        for (place, value) in values[..8].iter_mut().enumerate() {
            *value = u8::try_from(bits >> (35 - 5 * place) & 0x1F).expect("five bits");
        }
        // The check's own weight is 1, so it is what the others lack.
        values[8] = weighted_sum(&values) ^ TARGET;
        Self(values.iter().map(|value| char::from(ALPHABET[usize::from(*value)])).collect())
    }

    /// Reads a reference as a person may type it: any case, spaces and hyphens anywhere, I or L for 1, O for 0.
    ///
    /// # Errors
    /// When there are not nine characters of the alphabet, or they do not check.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut values = [0; 9];
        let mut count = 0;
        for character in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let slot = values.get_mut(count).ok_or(Invalid::ReferenceForm)?;
            *slot = value(character).ok_or(Invalid::ReferenceForm)?;
            count += 1;
        }
        if count != values.len() {
            return Err(Invalid::ReferenceForm);
        }
        if weighted_sum(&values) != TARGET {
            return Err(Invalid::ReferenceCheck);
        }
        Ok(Self(values.iter().map(|value| char::from(ALPHABET[usize::from(*value)])).collect()))
    }

    /// The nine characters without hyphens, as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", &self.0[..3], &self.0[3..6], &self.0[6..])
    }
}

impl FromStr for Reference {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

fn value(character: char) -> Option<u8> {
    let plain = match character.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == plain)?;
    u8::try_from(place).ok()
}

/// Horner's rule in GF(32), the root being 2.
fn weighted_sum(values: &[u8; 9]) -> u8 {
    values.iter().fold(0, |sum, value| times_root(sum) ^ value)
}

fn times_root(element: u8) -> u8 {
    let shifted = element << 1;
    if shifted & 0x20 == 0 { shifted } else { (shifted ^ 0b10_0101) & 0x1F }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_lengths_and_characters_are_refused() {
        for text in ["", "ABC-DEF-GH", "ABC-DEF-GHJK", "ABU-DEF-GHJ", "ABC/DEF/GHJ", "ÀBC-DEF-GHJ"] {
            assert_eq!(Reference::parse(text), Err(Invalid::ReferenceForm), "{text}");
        }
    }

    #[test]
    fn a_cleared_field_is_no_reference() {
        assert_eq!(Reference::parse("000000000"), Err(Invalid::ReferenceCheck));
    }

    #[test]
    fn known_references_stay_what_they_are() {
        assert_eq!(Reference::from_random([0; 5]).to_string(), "000-000-001");
        assert_eq!(Reference::from_random([0, 0, 0, 0, 1]).to_string(), "000-000-013");
    }

    #[test]
    fn people_may_type_it_loosely() {
        let reference = Reference::from_random([0x00, 0x44, 0x32, 0x14, 0xC7]);
        let loose = reference.to_string().to_lowercase().replace('1', "l").replace('0', "o").replace('-', " - ");
        assert_eq!(Reference::parse(&loose), Ok(reference));
    }

    #[test]
    fn weights_are_all_different_and_none_is_zero() {
        let weights: std::collections::BTreeSet<u8> =
            std::iter::successors(Some(1), |weight| Some(times_root(*weight))).take(9).collect();
        assert_eq!(weights.len(), 9);
        assert!(!weights.contains(&0));
    }

    proptest! {
        #[test]
        fn what_is_made_parses(random: [u8; 5]) {
            let reference = Reference::from_random(random);
            prop_assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
        }

        #[test]
        fn any_one_changed_character_is_noticed(random: [u8; 5], place in 0_usize..9, other in 0_usize..32) {
            let mut text = Reference::from_random(random).as_str().as_bytes().to_vec();
            prop_assume!(text[place] != ALPHABET[other]);
            text[place] = ALPHABET[other];
            prop_assert_eq!(Reference::parse(std::str::from_utf8(&text).unwrap()), Err(Invalid::ReferenceCheck));
        }

        #[test]
        fn any_two_swapped_characters_are_noticed(random: [u8; 5], a in 0_usize..9, b in 0_usize..9) {
            let mut text = Reference::from_random(random).as_str().as_bytes().to_vec();
            prop_assume!(text[a] != text[b]);
            text.swap(a, b);
            prop_assert_eq!(Reference::parse(std::str::from_utf8(&text).unwrap()), Err(Invalid::ReferenceCheck));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,24}") {
            let _ = Reference::parse(&text);
        }
    }
}
