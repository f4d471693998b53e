//! The claims of a token, read without forgiving anything.

use std::fmt;

use ehub_clock::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::TokenRefusal;

/// The last second of the year 9999: later times are mistakes or attacks on arithmetic.
const LAST_SECOND: i64 = 253_402_300_799;

/// A JSON object in which no name occurs twice (RFC 7519 §4 leaves the choice between refusing and taking the last; two
/// readers that choose differently see two different tokens, so we refuse).
#[derive(Clone, PartialEq)]
pub(crate) struct Claims(Value);

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique).map(|map| Self(Value::Object(map)))
    }
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose names are unique")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name occurs twice"));
            }
        }
        Ok(map)
    }
}

impl Claims {
    /// The claim under `name`, or behind a JSON pointer when the name begins with `/`. `null` counts as present.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        if name.starts_with('/') { self.0.pointer(name) } else { self.0.get(name) }
    }

    /// A claim that, if present, is plain text of at most `max` characters and not empty.
    pub(crate) fn text(&self, name: &str, max: usize) -> Result<Option<&str>, TokenRefusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if is_plain(text, max) => Ok(Some(text)),
            Some(_) => Err(TokenRefusal::Claim),
        }
    }

    /// A claim that must be a string of visible ASCII.
    pub(crate) fn identifier(&self, name: &str, max: usize) -> Result<Option<&str>, TokenRefusal> {
        match self.text(name, max)? {
            Some(text) if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(TokenRefusal::Claim),
            found => Ok(found),
        }
    }

    /// A list of strings, or one string of words between single spaces; `None` when absent.
    pub(crate) fn words(&self, name: &str) -> Result<Option<Vec<&str>>, TokenRefusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(Some(Vec::new())),
            Some(Value::String(text)) => Ok(Some(text.split(' ').collect())),
            Some(Value::Array(items)) => {
                let words = items.iter().map(|item| item.as_str().ok_or(TokenRefusal::Claim));
                words.collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(TokenRefusal::Claim),
        }
    }

    /// A NumericDate that is a whole number of seconds from 1970 to 9999; `None` when absent.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<Timestamp>, TokenRefusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let seconds =
            value.as_i64().filter(|seconds| (0..=LAST_SECOND).contains(seconds)).ok_or(TokenRefusal::TimeFormat)?;
        Timestamp::from_unix_timestamp(seconds).map(Some).map_err(|_| TokenRefusal::TimeFormat)
    }

    /// A NumericDate that must be there.
    pub(crate) fn required_seconds(&self, name: &str) -> Result<Timestamp, TokenRefusal> {
        self.seconds(name)?.ok_or(TokenRefusal::TimeFormat)
    }

    /// Checks that `iss` is one string and the expected one.
    pub(crate) fn check_issuer(&self, expected: &str) -> Result<(), TokenRefusal> {
        match self.get("iss") {
            Some(Value::String(issuer)) if issuer == expected => Ok(()),
            _ => Err(TokenRefusal::Issuer),
        }
    }

    /// Checks that `aud` is ours: one string or, if `in_list`, a list of exactly one.
    pub(crate) fn check_audience(&self, expected: &str, in_list: bool) -> Result<(), TokenRefusal> {
        match self.get("aud") {
            Some(Value::String(audience)) if audience == expected => Ok(()),
            Some(Value::Array(list)) if in_list && list.len() == 1 && list[0] == expected => Ok(()),
            _ => Err(TokenRefusal::Audience),
        }
    }
}

/// Text of a length, without characters that are not seen or turn what follows them around: a name that looks like
/// another's must not get into a record.
fn is_plain(text: &str, max: usize) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    !text.is_empty() && text.chars().count() <= max && !text.chars().any(hidden)
}

/// Claims name people: their content never reaches a log.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(text: &str) -> Claims {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_repeated_name_is_refused() {
        assert!(serde_json::from_str::<Claims>(r#"{"sub":"a","sub":"a"}"#).is_err());
        assert!(serde_json::from_str::<Claims>(r#"["sub"]"#).is_err());
    }

    #[test]
    fn times_are_whole_seconds_in_range() {
        for wrong in ["1.0", "1e9", "\"1\"", "-1", "null", "true", "18446744073709551615", "253402300800", "[1]"] {
            let read = claims(&format!(r#"{{"exp":{wrong}}}"#)).seconds("exp");
            assert_eq!(read, Err(TokenRefusal::TimeFormat), "{wrong}");
        }
        assert_eq!(claims("{}").required_seconds("exp"), Err(TokenRefusal::TimeFormat));
        assert!(claims(r#"{"exp":253402300799}"#).required_seconds("exp").is_ok());
    }

    #[test]
    fn pointers_reach_into_lists() {
        let claims = claims(r#"{"roles":[{"org_code":"A1"}],"/x":"plain"}"#);
        assert_eq!(claims.text("/roles/0/org_code", 9), Ok(Some("A1")));
        assert_eq!(claims.text("/roles/1/org_code", 9), Ok(None));
    }

    #[test]
    fn text_is_bounded_and_plain() {
        for wrong in
            [r#""""#, r#""1234567890""#, r#""a\u0000b""#, r#""a\nb""#, r#""a\u0085""#, r#""a\u202eb""#, "7", "null"]
        {
            assert!(claims(&format!(r#"{{"t":{wrong}}}"#)).text("t", 9).is_err(), "{wrong}");
        }
        // The joiners are letters' companions in some scripts.
        for right in ["Zoë 李", "می\u{200C}نا"] {
            assert_eq!(claims(&format!(r#"{{"t":"{right}"}}"#)).text("t", 9), Ok(Some(right)));
        }
        assert!(claims(r#"{"t":"Zoë"}"#).identifier("t", 9).is_err());
        assert!(claims(r#"{"t":"a b"}"#).identifier("t", 9).is_err());
    }
}
