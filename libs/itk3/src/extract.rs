//! Best-effort extraction from bytes that did not parse, so that quarantined messages can still be screened for
//! alarming phrases and their PDF still be looked at.

use crate::attachment::decode;
use crate::xml::decode_lossy;

/// Text kept at most, in bytes: screening needs words, not whole files.
const MAX_TEXT: usize = 256 * 1024;
/// A run of this many characters without a blank is encoded data, not words.
const MAX_WORD: usize = 120;
/// `%PDF-` in base64 begins with this.
const PDF_IN_BASE64: &str = "JVBER";

/// Words from character data and attribute values, markup left out. Never fails; may be empty.
pub fn extract_text(bytes: &[u8]) -> String {
    if bytes.starts_with(b"%PDF-") {
        return String::new();
    }
    let text = decode_lossy(bytes);
    let mut words = Words::default();
    let mut rest: &str = &text;
    while let Some(open) = rest.find('<') {
        words.add(&rest[..open]);
        rest = &rest[open + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        if let Some(data) = rest.strip_prefix("![CDATA[") {
            let end = data.find("]]>").unwrap_or(data.len());
            words.add(&data[..end]);
            rest = &data[end..];
            rest = rest.strip_prefix("]]>").unwrap_or(rest);
            continue;
        }
        rest = tag(rest, &mut words);
    }
    words.add(rest);
    words.text
}

/// Walks through one tag, collecting quoted values that can hold words; returns what follows it.
fn tag<'a>(mut rest: &'a str, words: &mut Words) -> &'a str {
    loop {
        let Some(at) = rest.find(['"', '\'', '>']) else { return "" };
        if rest[at..].starts_with('>') {
            return &rest[at + 1..];
        }
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let quote = &rest[at..=at];
        let Some(end) = after.find(quote) else {
            // An unclosed quote: take the remainder as text rather than lose it.
            words.add(after);
            return "";
        };
        let name = before.trim_end().trim_end_matches('=').trim_end();
        if name.ends_with("value") || name.ends_with("display") {
            words.add(&after[..end]);
        }
        rest = &after[end + 1..];
    }
}

/// The largest PDF found as base64 anywhere in the bytes, or the bytes themselves when they are one.
pub fn extract_pdf(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.starts_with(b"%PDF-") {
        return Some(bytes.to_vec());
    }
    let text = decode_lossy(bytes);
    let mut best: Option<Vec<u8>> = None;
    let mut rest: &str = &text;
    while let Some(start) = rest.find(PDF_IN_BASE64) {
        let run = &rest[start..];
        let end = run
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c) || c.is_ascii_whitespace()))
            .unwrap_or(run.len());
        let decoded = decode(&run[..end]).filter(|pdf| pdf.starts_with(b"%PDF-"));
        if decoded.as_ref().map(Vec::len) > best.as_ref().map(Vec::len) {
            best = decoded;
        }
        rest = &run[end.max(PDF_IN_BASE64.len())..];
    }
    best
}

#[derive(Default)]
struct Words {
    text: String,
}

impl Words {
    fn add(&mut self, raw: &str) {
        for word in unescape(raw).split_whitespace() {
            let encoded = word.chars().count() > MAX_WORD;
            let address = word.contains("://") || word.starts_with("urn:");
            if encoded || address || self.text.len() + word.len() >= MAX_TEXT {
                continue;
            }
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(word);
        }
    }
}

/// Character references and the usual entities; unknown ones stay as they are.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.char_indices().take(10).find(|(_, c)| *c == ';').map(|(end, _)| end);
        match end.and_then(|end| Some((end, entity(&rest[..end])?))) {
            Some((end, c)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use proptest::prelude::*;

    #[test]
    fn words_survive_broken_markup() {
        let broken =
            b"<Bundle><x value='I have chest&#32;pain &amp; sweats'><p>left arm</b><!-- no --><y value=\"unclosed text";
        assert_eq!(extract_text(broken), "I have chest pain & sweats left arm unclosed text");
    }

    #[test]
    fn encoded_data_addresses_and_other_attributes_are_left_out() {
        let data = "A".repeat(500);
        let xml = format!("<a url='http://x' value='http://y'><b value='{data}'/>words <![CDATA[here]]></a>");
        assert_eq!(extract_text(xml.as_bytes()), "words here");
        assert_eq!(extract_text(b"%PDF-1.7 words"), "");
    }

    #[test]
    fn the_pdf_is_found_in_a_broken_message() {
        let pdf = b"%PDF-1.7 something readable";
        let encoded = base64::engine::general_purpose::STANDARD.encode(pdf);
        let xml = format!("<Bundle><Binary><content value=\"{encoded}\"/><oops>");
        assert_eq!(extract_pdf(xml.as_bytes()).as_deref(), Some(&pdf[..]));
        assert_eq!(extract_pdf(pdf).as_deref(), Some(&pdf[..]));
        assert_eq!(extract_pdf(b"<a/>"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), markup in "[<>!\\[CDATA\\]é&;#'\"=-]{0,60}") {
            extract_text(&bytes);
            extract_pdf(&bytes);
            extract_text(markup.as_bytes());
        }
    }
}
