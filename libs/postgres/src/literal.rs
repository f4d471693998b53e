//! Texts inside statements that are sent as text: as hexadecimal digits, so that no character of theirs can mean anything.

use std::fmt::{Display, Write as _};

/// A text of any characters, or null.
pub(crate) fn literal(text: &mut String, value: Option<&str>) {
    match value {
        None => text.push_str("null"),
        Some("") => text.push_str("''"),
        Some(value) => {
            text.push_str("convert_from(decode('");
            for byte in value.bytes() {
                let _ = write!(text, "{byte:02x}");
            }
            text.push_str("', 'hex'), 'UTF8')");
        }
    }
}

/// An array of numbers or ids, whose digits need no quoting.
pub(crate) fn array<T: Display>(text: &mut String, values: &[T]) {
    text.push_str("'{");
    for (place, value) in values.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{value}");
    }
    text.push_str("}'");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_text_gets_into_the_statement() {
        for value in ["it's", "'; drop table x; --", "\\'", "$1", "é\u{0}", "anna"] {
            let mut text = String::new();
            literal(&mut text, Some(value));
            let inside =
                text.strip_prefix("convert_from(decode('").and_then(|rest| rest.strip_suffix("', 'hex'), 'UTF8')"));
            assert!(inside.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())), "{text}");
        }
        let mut text = String::new();
        literal(&mut text, None);
        literal(&mut text, Some(""));
        assert_eq!(text, "null''");
    }
}
