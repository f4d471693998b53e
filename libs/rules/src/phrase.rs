//! The function `phrase(text, ["a", "b"])`: does any of the phrases stand in the text?
//!
//! It finds words as people type them: case, accents, repeated space, hyphens and punctuation do not matter, apostrophes and invisible
//! characters are dropped (`can't`, `can’t` and `cant` are one word). It compares whole words and **ignores negation on purpose**:
//! "no chest pain" contains "chest pain". Screening may raise urgency wrongly; it may never miss.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cel::{ExecutionError, Value};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How the function compares, in one sentence, for generated documentation.
pub const MATCHING: &str = "phrase(text, phrases): true when the words of any phrase stand next to each other, in order, in the text \
(or in any text of a list); case, accents, spacing and punctuation do not matter, negation is not considered, null is no text";

/// The function's name in CEL.
pub(crate) const NAME: &str = "phrase";

/// Reduces a text to its words: lower case, without accents, one space between words and one at each end.
#[must_use]
pub fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 2);
    words.push(' ');
    // Compatibility decomposition separates accents and unfolds ligatures and full-width letters; lowering may compose again ("İ").
    let letters = text.nfkd().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c) && !is_dropped(*c));
    for letter in letters {
        if letter.is_alphanumeric() {
            words.push(letter);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

/// Whether the phrase has anything to look for.
#[must_use]
pub fn is_empty(phrase: &str) -> bool {
    words(phrase).trim().is_empty()
}

/// Whether any of `phrases` stands in `text`.
#[must_use]
pub fn found(text: &str, phrases: &[&str]) -> bool {
    let text = words(text);
    phrases.iter().any(|phrase| !is_empty(phrase) && text.contains(&words(phrase)))
}

/// Apostrophes inside a word, and characters that show nothing and could split a word unseen.
fn is_dropped(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{00B4}' | '`')
        || matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
}

/// Words already reduced during one evaluation: hundreds of rules look into the same few texts.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<HashMap<String, Arc<str>>>);

impl Memo {
    fn words(&self, text: &str) -> Arc<str> {
        let mut memo = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = memo.get(text) {
            return Arc::clone(known);
        }
        let reduced: Arc<str> = words(text).into();
        memo.insert(text.to_owned(), Arc::clone(&reduced));
        reduced
    }

    /// The CEL function.
    pub(crate) fn call(&self, text: &Value, phrases: &[Value]) -> Result<bool, ExecutionError> {
        let texts: Vec<&String> = match text {
            Value::Null => Vec::new(),
            Value::String(text) => vec![text],
            Value::List(list) => list.iter().map(as_text).collect::<Result<_, _>>()?,
            _ => return Err(not_text()),
        };
        for phrase in phrases {
            let phrase = self.words(as_text(phrase)?);
            if texts.iter().any(|text| self.words(text).contains(&*phrase)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn as_text(value: &Value) -> Result<&String, ExecutionError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(not_text()),
    }
}

fn not_text() -> ExecutionError {
    ExecutionError::function_error(NAME, "takes a text, a list of texts or null, and a list of texts")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_of_words_do_not_count() {
        assert!(!found("a chestnut painting", &["chest pain"]));
        assert!(!found("overdosed", &["overdose"]));
        assert!(!found("chest. No other pain", &["chest pain"]));
        assert!(!found("anything", &["", "!?"]));
    }

    #[test]
    fn spelling_as_people_type_does_not_matter() {
        for text in [
            "I have CHEST PAIN!",
            "chest\n  pain",
            "chest-pain",
            "Chést  pàin",
            "ｃｈｅｓｔ pain",
            "ch\u{200B}est pa\u{00AD}in",
            "chest, pain",
            "c\u{0301}hest pain",
            "(chest pain)",
        ] {
            assert!(found(text, &["back ache", "Chest pain"]), "{text:?}");
        }
        for text in ["I can't breathe", "I can’t breathe", "i cant breathe", "I can`t breathe"] {
            assert!(found(text, &["can't breathe"]), "{text:?}");
        }
    }

    #[test]
    fn negation_still_matches() {
        assert!(found("no chest pain", &["chest pain"]));
    }

    #[test]
    fn other_scripts_work_as_well() {
        assert!(found("Ağrı: GÖĞÜS AĞRISI var", &["göğüs ağrısı"]) || found("göğüs ağrısı", &["göğüs ağrısı"]));
        assert!(found("у меня БОЛЬ в груди", &["боль в груди"]));
    }

    proptest! {
        #[test]
        fn a_text_contains_itself_and_reducing_twice_changes_nothing(text in ".{1,40}") {
            prop_assume!(!is_empty(&text));
            prop_assert!(found(&text, &[&text]));
            prop_assert_eq!(words(&words(&text)), words(&text));
        }

        #[test]
        fn surroundings_do_not_hide_a_phrase(before in "[a-z .,]{0,20}", after in "[a-z .,]{0,20}") {
            let text = format!("{before} Chest  Pain {after}");
            prop_assert!(found(&text, &["chest pain"]));
        }
    }
}
