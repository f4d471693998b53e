//! ODS codes: how England names its health organisations (NHS Organisation Data Service).

use std::fmt;
use std::str::FromStr;

use crate::Invalid;

/// The code of an organisation or site: 3 to 8 letters and digits. What kind it is only the directory knows, never the first letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OdsCode(String);

impl OdsCode {
    /// Reads a code in either case, with or without space around it.
    ///
    /// # Errors
    /// [`Invalid::OdsCode`] when it is not 3 to 8 letters and digits.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let code = text.trim().to_ascii_uppercase();
        if !(3..=8).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Invalid::OdsCode);
        }
        Ok(Self(code))
    }

    /// The code in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OdsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OdsCode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_refused() {
        for text in ["", "A8", "A83008123", "A83-008", "A83 008", "Ä83008", "A8300٣"] {
            assert_eq!(OdsCode::parse(text), Err(Invalid::OdsCode), "{text}");
        }
    }

    #[test]
    fn codes_of_every_length_in_use_are_accepted() {
        // practices, a network, pharmacies, a sub-ICB location
        for text in ["A83008", "N82090", "Y01234", "U12345", "FA565", "FQW30", "84H"] {
            assert_eq!(OdsCode::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn case_and_surrounding_space_do_not_matter() {
        assert_eq!(OdsCode::parse(" y01234\n").unwrap().to_string(), "Y01234");
    }
}
