//! Values of `mex-` headers: MESH takes printable ASCII, and refuses control characters and URLs with code 06.

use reqwest::header::{HeaderMap, HeaderValue};

use crate::error::MeshError;

/// A header that identifies something: it must already be right.
pub(crate) fn exact(what: &'static str, value: &str, max: usize) -> Result<HeaderValue, MeshError> {
    let invalid = MeshError::InvalidMessage { what, expected: "printable ASCII within the length MESH allows" };
    let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if value.is_empty() || value.len() > max || !printable {
        return Err(invalid);
    }
    HeaderValue::from_str(value).map_err(|_| invalid)
}

/// A header for people: accents are folded, anything else MESH would refuse is replaced, and it is cut to length.
pub(crate) fn readable(value: &str, max: usize) -> HeaderValue {
    let folded: String = value.replace("://", " ").chars().map(fold).take(max).collect();
    HeaderValue::from_str(folded.trim()).unwrap_or(HeaderValue::from_static("-"))
}

/// One ASCII character for one character, so that names with accents stay readable.
fn fold(c: char) -> char {
    match c {
        ' '..='~' => c,
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => 'A',
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'Ç' | 'Ć' | 'Č' => 'C',
        'ç' | 'ć' | 'č' => 'c',
        'Ď' | 'Đ' | 'Ð' => 'D',
        'ď' | 'đ' | 'ð' => 'd',
        'È'..='Ë' | 'Ē' | 'Ę' | 'Ě' => 'E',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'Ğ' => 'G',
        'ğ' => 'g',
        'Ì'..='Ï' | 'Ī' | 'İ' => 'I',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'Ł' | 'Ľ' => 'L',
        'ł' | 'ľ' => 'l',
        'Ñ' | 'Ń' | 'Ň' => 'N',
        'ñ' | 'ń' | 'ň' => 'n',
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ő' => 'O',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'Ř' => 'R',
        'ř' => 'r',
        'Ś' | 'Š' | 'Ş' | 'Ș' => 'S',
        'ś' | 'š' | 'ş' | 'ș' | 'ß' => 's',
        'Ť' | 'Ţ' | 'Ț' => 'T',
        'ť' | 'ţ' | 'ț' => 't',
        'Ù'..='Ü' | 'Ū' | 'Ů' | 'Ű' => 'U',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'Ý' | 'Ÿ' => 'Y',
        'ý' | 'ÿ' => 'y',
        'Ź' | 'Ż' | 'Ž' => 'Z',
        'ź' | 'ż' | 'ž' => 'z',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{2010}'..='\u{2015}' => '-',
        c if c.is_whitespace() || c.is_control() => ' ',
        _ => '?',
    }
}

/// The text of a header in an answer; absent and blank are the same.
pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes()).trim().to_owned();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_never_altered() {
        assert!(exact("to", "X26ABC1", 100).is_ok());
        for wrong in ["", "A\nB", "Zoë", "ABCDE"] {
            assert!(exact("to", wrong, 4).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn readable_headers_never_break_the_request() {
        assert_eq!(readable("Report for Zoë O’Brien\r\nX: y http://x", 500), "Report for Zoe O'Brien  X: y http x");
        assert_eq!(readable("王", 500), "?");
        assert_eq!(readable("", 500), "");
        assert_eq!(readable("abcdef", 3), "abc");
    }
}
