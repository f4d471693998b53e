//! The short-form prescription id of the Electronic Prescription Service: what is printed on the token.

use std::fmt;

use crate::{Invalid, OdsCode};

/// `RRRRRR-OOOOOO-SSSSSC`: random hex, cost centre, sequence in hex, check. People read it out; it is **not** unique, the UUID is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpsShortId(String);

/// Digits of ISO 7064 MOD 37-2, by value; `+` stands in for the standard's `*`.
const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+";

impl EpsShortId {
    /// Reads an id exactly as Spine does: capitals only, hyphens in place.
    ///
    /// # Errors
    /// When the form (`^[A-F0-9]{6}-[A-Z0-9]{6}-[A-F0-9]{5}[A-Z0-9+]$`) or the check character is wrong.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let form = text.len() == 20 && text.bytes().enumerate().all(|(place, byte)| may_stand(place, byte));
        if !form {
            return Err(Invalid::EpsShortIdForm);
        }
        let (body, check) = text.split_at(19);
        if check.as_bytes()[0] != check_character(body) {
            return Err(Invalid::EpsShortIdCheck);
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes the id from three random bytes, the prescribing cost centre (padded with zeros to six) and the low 20 bits of `sequence`.
    ///
    /// # Errors
    /// [`Invalid::EpsShortIdCostCentre`] when the code has more than the six characters the format holds.
    pub fn compose(random: [u8; 3], cost_centre: &OdsCode, sequence: u32) -> Result<Self, Invalid> {
        if cost_centre.as_str().len() > 6 {
            return Err(Invalid::EpsShortIdCostCentre);
        }
        let [a, b, c] = random;
        let mut text = format!("{a:02X}{b:02X}{c:02X}-{:0>6}-{:05X}", cost_centre.as_str(), sequence & 0xF_FFFF);
        text.push(char::from(check_character(&text)));
        Ok(Self(text))
    }

    /// The id with its hyphens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The six characters in the middle: the cost centre, with the zeros a shorter code was padded with.
    #[must_use]
    pub fn cost_centre(&self) -> &str {
        &self.0[7..13]
    }
}

impl fmt::Display for EpsShortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn may_stand(place: usize, byte: u8) -> bool {
    let hex = matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let letter = matches!(byte, b'0'..=b'9' | b'A'..=b'Z');
    match place {
        0..=5 | 14..=18 => hex,
        6 | 13 => byte == b'-',
        7..=12 => letter,
        _ => letter || byte == b'+',
    }
}

/// ISO 7064 MOD 37-2 over everything but the hyphens: the character that makes the weighted sum 1 modulo 37.
fn check_character(body: &str) -> u8 {
    let sum = body.chars().filter_map(|c| c.to_digit(36)).fold(0, |sum, value| (sum + value) * 2 % 37);
    ALPHABET[usize::try_from((38 - sum) % 37).expect("below 37")]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_outside_spines_pattern_are_refused() {
        // The last two carry a right check character but letters where Spine wants hexadecimal.
        for text in [
            "",
            "24F5DA-A83008-7EFE6",
            "24f5da-a83008-7efe6z",
            "24F5DAA830087EFE6Z",
            "24F5DA-A83008-7EFE6Z ",
            "24F5DA-A8300é-7EFE6Z",
            "E7ZG38-ZBACYU-V38SR+",
            "6FOCBU-E776BJ-CMPMT3",
            "6FOCBU-E776BJ-CMPMTX",
        ] {
            assert_eq!(EpsShortId::parse(text), Err(Invalid::EpsShortIdForm), "{text}");
        }
    }

    #[test]
    fn published_wrong_check_characters_are_refused() {
        for text in ["FC6D78-A83008-EDF7BA", "561479-395879-521272"] {
            assert_eq!(EpsShortId::parse(text), Err(Invalid::EpsShortIdCheck), "{text}");
        }
        assert_ne!(check_character("6FOCBU-E776BJ-CMPMT"), b'X');
    }

    #[test]
    fn published_ids_are_accepted() {
        for text in [
            "24F5DA-A83008-7EFE6Z",
            "003D4D-A99968-4C5AAJ",
            "06EFF1-A83003-AA2FCN",
            "7D9625-Z72BF2-11E3AC",
            "3C2366-B81001-0A409U",
            "83C40E-A23856-00123W",
            "A1B2C3-Y01234-00001J",
            "A1B2C3-Y01234-00002H",
            "A1B2C3-Y01234-0000B+",
            "A1B2C3-Y01234-FFFFFG",
            "0F0F0F-U12345-0000A0",
        ] {
            assert_eq!(EpsShortId::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn check_character_of_the_published_test_ids() {
        assert_eq!(check_character("E7ZG38-ZBACYU-V38SR"), b'+');
        assert_eq!(check_character("6FOCBU-E776BJ-CMPMT"), b'3');
    }

    #[test]
    fn composing_gives_the_vectors() {
        let hub = OdsCode::parse("Y01234").unwrap();
        assert_eq!(EpsShortId::compose([0xA1, 0xB2, 0xC3], &hub, 1).unwrap().to_string(), "A1B2C3-Y01234-00001J");
        assert_eq!(EpsShortId::compose([0xA1, 0xB2, 0xC3], &hub, 0xB).unwrap().to_string(), "A1B2C3-Y01234-0000B+");
        assert_eq!(
            EpsShortId::compose([0xA1, 0xB2, 0xC3], &hub, 0xFFF_FFFF).unwrap().to_string(),
            "A1B2C3-Y01234-FFFFFG"
        );
    }

    #[test]
    fn short_codes_are_padded_and_long_ones_refused() {
        let id = EpsShortId::compose([0; 3], &OdsCode::parse("FA565").unwrap(), 7).unwrap();
        assert_eq!(id.cost_centre(), "0FA565");
        let long = OdsCode::parse("A830081").unwrap();
        assert_eq!(EpsShortId::compose([0; 3], &long, 7), Err(Invalid::EpsShortIdCostCentre));
    }

    proptest! {
        #[test]
        fn what_is_composed_parses(random: [u8; 3], code in "[A-Z0-9]{3,6}", sequence: u32) {
            let id = EpsShortId::compose(random, &OdsCode::parse(&code).unwrap(), sequence).unwrap();
            prop_assert_eq!(EpsShortId::parse(id.as_str()), Ok(id));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,24}") {
            let _ = EpsShortId::parse(&text);
        }
    }
}
