//! Just enough of Rust's lexical rules to tell code from comments, strings and tests.
//!
//! Whatever is not code is overwritten with spaces, so that places and line numbers stay.

/// The text with comments and the insides of strings and characters blanked.
#[must_use]
pub fn blank_comments_and_strings(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => blank(&mut out, at, line_end(bytes, at)),
            b'/' if bytes.get(at + 1) == Some(&b'*') => blank(&mut out, at, comment_end(bytes, at)),
            b'"' => blank(&mut out, at + 1, string_end(bytes, at)),
            b'r' if !in_word(bytes, at) => match raw_string(bytes, at) {
                Some((start, end)) => blank(&mut out, start, end),
                None => at + 1,
            },
            b'\'' => match char_end(bytes, at) {
                Some(end) => blank(&mut out, at + 1, end),
                None => at + 1,
            },
            _ => at + 1,
        };
        at = end.max(at + 1);
    }
    String::from_utf8(out).unwrap_or_default()
}

/// The code with items under `#[cfg(test)]` blanked. Takes what the function above gives.
#[must_use]
pub fn blank_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = item_end(code.as_bytes(), start + "#[cfg(test)]".len());
        blank(&mut out, start, end);
        from = end;
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Functions with a body: name, where `fn` stands, where the body ends.
#[must_use]
pub fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (start, word) in words(code) {
        if word != "fn" {
            continue;
        }
        let name: String =
            code[start + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let end = item_end(code.as_bytes(), start + 2);
        if !name.is_empty() && code.as_bytes().get(end - 1) == Some(&b'}') {
            found.push((name, start, end));
        }
    }
    found
}

/// Identifiers and keywords with their places.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_word)?;
        let length = code[start..].find(|c| !is_word(c)).unwrap_or(code.len() - start);
        at = start + length;
        Some((start, &code[start..at]))
    })
}

/// The line of a place, from 1.
#[must_use]
pub fn line_of(text: &str, place: usize) -> usize {
    text.as_bytes()[..place.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Where an item ends: after its closing brace, or its semicolon when it has no body.
fn item_end(code: &[u8], from: usize) -> usize {
    let (mut braces, mut others) = (0_i32, 0_i32);
    for (at, byte) in code.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => others += 1,
            b')' | b']' => others -= 1,
            b'{' => braces += 1,
            b'}' => {
                braces -= 1;
                if braces <= 0 && others == 0 {
                    return at + 1;
                }
            }
            b';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(out: &mut [u8], start: usize, end: usize) -> usize {
    let end = end.min(out.len());
    for byte in out.iter_mut().take(end).skip(start) {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
    end + usize::from(out.get(end).is_some_and(|byte| matches!(byte, b'"' | b'\'')))
}

fn in_word(bytes: &[u8], at: usize) -> bool {
    // `br"…"` is a raw string too; any other letter before means the middle of a word.
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') && bytes[at - 1] != b'b'
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| from + length)
}

fn comment_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => {
                depth += 1;
                at += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The place of the closing quote.
fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// First and last place inside of a raw string that begins here.
fn raw_string(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let hashes = bytes[from + 1..].iter().take_while(|byte| **byte == b'#').count();
    let start = from + 1 + hashes;
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let mut closing = vec![b'"'];
    closing.extend(std::iter::repeat_n(b'#', hashes));
    let length = bytes[start + 1..].windows(closing.len()).position(|window| window == closing)?;
    Some((start + 1, start + 1 + length))
}

/// The place of the closing quote of a character; a lifetime has none.
fn char_end(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes.get(from + 1) == Some(&b'\\') {
        let rest = bytes.get(from + 3..)?;
        return rest.iter().take(10).position(|byte| *byte == b'\'').map(|length| from + 3 + length);
    }
    // One character of one to four bytes.
    (2..=5)
        .map(|length| from + length)
        .find(|end| bytes.get(*end) == Some(&b'\''))
        .filter(|end| std::str::from_utf8(&bytes[from + 1..*end]).is_ok_and(|inside| inside.chars().count() == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        let code =
            blank_comments_and_strings("a(\"std::env\"); // std::env\n/* b /* c */ d */ e r#\"f\"g\"# h '\"' i 'j'");
        assert!(!code.contains("std::env") && !code.contains('d') && !code.contains('f') && !code.contains('g'));
        assert!(code.contains("a(\"") && code.contains(" e r#") && code.contains(" h ") && code.contains(" i "));
        assert_eq!(line_of(&code, code.find('e').expect("code")), 2);
    }

    #[test]
    fn lifetimes_are_not_characters() {
        let code = blank_comments_and_strings("fn a<'x>(b: &'x str) -> &'x str { \"}\"; b }");
        assert_eq!(functions(&code).len(), 1);
        assert!(code.contains("<'x>"));
    }

    #[test]
    fn what_is_under_cfg_test_is_no_code() {
        let code =
            blank_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { { } }\n}\n#[cfg(test)]\nmod c;\nfn d() {}");
        let names: Vec<_> = functions(&code).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["a", "d"]);
    }

    #[test]
    fn declarations_have_no_body() {
        let code = "trait A { fn b(&self) -> [u8; 2]; fn c(&self) { d(); } }";
        let names: Vec<_> = functions(code).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["c"]);
    }
}
