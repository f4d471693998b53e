//! Text in WinAnsi, the encoding that the fonts built into every PDF reader know.
//!
//! A character outside it becomes its nearest look-alike, or a visible mark where there is none:
//! never nothing, and never another letter without a sign that it happened.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// What stands for a run of characters that cannot be printed.
const MARK: &str = "[?]";

/// Text as it is printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Printed {
    /// WinAnsi bytes.
    pub bytes: Vec<u8>,
    /// Whether anything had to be replaced by its look-alike or by the mark.
    pub changed: bool,
}

/// Encodes text without line breaks.
pub(super) fn print(text: &str) -> Printed {
    let mut printed = Printed::default();
    let mut in_mark = false;
    for character in text.nfc() {
        if let Some(byte) = byte_of(character) {
            printed.bytes.push(byte);
            in_mark = false;
            continue;
        }
        if character.is_control() || invisible(character) {
            continue;
        }
        printed.changed = true;
        // A mark that did not combine with the letter before it: the letter is there, the mark not.
        if is_combining_mark(character) {
            continue;
        }
        if let Some(look_alike) = look_alike(character) {
            printed.bytes.extend(look_alike);
            in_mark = false;
        } else if !in_mark {
            printed.bytes.extend_from_slice(MARK.as_bytes());
            in_mark = true;
        }
    }
    printed
}

fn look_alike(character: char) -> Option<Vec<u8>> {
    if let Some(text) = spelled(character) {
        return text.chars().map(byte_of).collect();
    }
    // The letter under its marks, or the compatible form (full width, ligatures, fractions).
    let base: Vec<u8> =
        character.nfkd().filter(|part| !is_combining_mark(*part)).map(byte_of).collect::<Option<Vec<_>>>()?;
    (!base.is_empty()).then_some(base)
}

/// Signs a clinician writes that have a well-known spelling.
fn spelled(character: char) -> Option<&'static str> {
    Some(match character {
        '≥' => ">=",
        '≤' => "<=",
        '≠' => "/=",
        '≈' => "~",
        '→' => "->",
        '←' => "<-",
        '↑' => "(up)",
        '↓' => "(down)",
        '−' | '‐' | '‑' | '‒' | '―' => "-",
        '′' => "'",
        '″' => "\"",
        '\u{3bc}' => "µ",
        'ł' => "l",
        'Ł' => "L",
        'đ' => "d",
        'Đ' => "D",
        'ħ' => "h",
        'ı' => "i",
        '✓' | '✔' => "(tick)",
        '✗' | '✘' => "(cross)",
        _ => return None,
    })
}

/// Joiners and direction marks: nothing to print, nothing lost.
fn invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// The WinAnsi code of a character (PDF 32000-1, annex D.2; Windows code page 1252).
fn byte_of(character: char) -> Option<u8> {
    match u32::from(character) {
        code @ (0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff) => u8::try_from(code).ok(),
        0x09 | 0xa0 | 0x2007 | 0x2009 | 0x202f => Some(b' '),
        _ => HIGH.iter().find(|(known, _)| *known == character).map(|(_, byte)| *byte),
    }
}

const HIGH: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> (String, bool) {
        let Printed { bytes, changed } = print(text);
        // For tests: the part of WinAnsi that is Latin-1.
        (bytes.iter().map(|byte| char::from(*byte)).collect(), changed)
    }

    #[test]
    fn what_cannot_be_printed_leaves_a_mark() {
        assert_eq!(printed("王小明 said"), ("[?] said".into(), true));
        assert_eq!(printed("🙂"), ("[?]".into(), true));
    }

    #[test]
    fn look_alikes_are_used_and_told() {
        assert_eq!(printed("Nguyễn"), ("Nguyen".into(), true));
        assert_eq!(printed("Łukasz ≥ 3"), ("Lukasz >= 3".into(), true));
        assert_eq!(printed("5 \u{3bc}g"), ("5 µg".into(), true));
    }

    #[test]
    fn what_winansi_has_is_kept() {
        assert_eq!(printed("Zoë 37.4 °C ½"), ("Zoë 37.4 °C ½".into(), false));
        assert_eq!(printed("Zoe\u{308}"), ("Zoë".into(), false));
        assert_eq!(print("‘a’").bytes, [0x91, b'a', 0x92]);
        assert_eq!(printed("a\u{200d}b"), ("ab".into(), false));
    }
}
