//! NHS numbers: ten digits, the last a modulus 11 check (NHS Data Dictionary, "NHS NUMBER").

use std::fmt;

use crate::Invalid;

/// A well-formed NHS number. It identifies a patient, so it has no `Display` and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NhsNumber(String);

impl NhsNumber {
    /// Reads ten digits; spaces and hyphens anywhere are dropped.
    ///
    /// # Errors
    /// When there are not ten digits, they are all equal, or the check digit is wrong or would have to be 10.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.len() != 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Invalid::NhsNumberLength);
        }
        let values = digits.as_bytes();
        if values.iter().all(|b| *b == values[0]) {
            return Err(Invalid::NhsNumberRepeated);
        }
        let sum: u32 = values[..9].iter().zip((2..=10).rev()).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
        // 11 stands for 0. A result of 10 has no digit, so it can equal none and such numbers are never issued.
        let check = (11 - sum % 11) % 11;
        if check != u32::from(values[9] - b'0') {
            return Err(Invalid::NhsNumberCheck);
        }
        Ok(Self(digits))
    }

    /// The ten digits, for wire formats and storage; never for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lies in 999 000 0000 to 999 999 9999, the range set aside for testing and issued to no one.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.0.starts_with("999")
    }
}

impl fmt::Debug for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NhsNumber(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_lengths_and_characters_are_refused() {
        for text in
            ["", "401023213", "40102321370", "401023213X", "４０１０２３２１３７", "4010232137\n", "4010.232137"]
        {
            assert_eq!(NhsNumber::parse(text), Err(Invalid::NhsNumberLength), "{text:?}");
        }
    }

    #[test]
    fn published_invalid_numbers_are_refused() {
        for text in ["9111111111", "9111111112", "9111111113", "9111111114", "1000000000", "4857773456"] {
            assert_eq!(NhsNumber::parse(text), Err(Invalid::NhsNumberCheck), "{text}");
        }
    }

    #[test]
    fn a_prefix_whose_check_would_be_ten_takes_no_digit() {
        for last in 0..10 {
            assert_eq!(NhsNumber::parse(&format!("123456789{last}")), Err(Invalid::NhsNumberCheck));
        }
    }

    #[test]
    fn one_digit_repeated_is_refused_even_if_it_checks() {
        for digit in '0'..='9' {
            assert_eq!(NhsNumber::parse(&digit.to_string().repeat(10)), Err(Invalid::NhsNumberRepeated));
        }
    }

    #[test]
    fn published_numbers_are_accepted() {
        for text in [
            "4010232137",
            "9111231114",
            "9111231122",
            "9111231130",
            "9111231149",
            "9111231157",
            "9434765919",
            "5839945242",
            "9449304130",
            "9000000009",
            "9000000017",
            "9000000025",
            "9000000033",
        ] {
            let number = NhsNumber::parse(text).unwrap();
            assert_eq!(number.as_str(), text);
            assert!(!number.is_test());
        }
    }

    #[test]
    fn test_range_is_recognised() {
        for text in ["9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069"] {
            assert!(NhsNumber::parse(text).unwrap().is_test(), "{text}");
        }
    }

    #[test]
    fn spaces_and_hyphens_are_dropped() {
        let plain = NhsNumber::parse("9434765919").unwrap();
        assert_eq!(NhsNumber::parse(" 943 476-5919 ").unwrap(), plain);
    }

    #[test]
    fn debug_and_errors_do_not_show_the_number() {
        assert_eq!(format!("{:?}", NhsNumber::parse("9434765919").unwrap()), "NhsNumber(***)");
        assert!(!NhsNumber::parse("9434765918").unwrap_err().to_string().contains("9434765918"));
    }

    proptest! {
        #[test]
        fn any_one_changed_digit_is_noticed(position in 0_usize..10, digit in 0_u8..10) {
            let mut digits = *b"9434765919";
            prop_assume!(digits[position] != b'0' + digit);
            digits[position] = b'0' + digit;
            prop_assert!(NhsNumber::parse(std::str::from_utf8(&digits).unwrap()).is_err());
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,24}") {
            let _ = NhsNumber::parse(&text);
        }
    }
}
