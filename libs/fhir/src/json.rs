//! Reading and writing JSON without ceremony.

use serde_json::{Value, json};

use crate::error::FhirError;

/// Parses bytes that must hold one resource of this type.
pub(crate) fn resource(bytes: &[u8], expected: &'static str) -> Result<Value, FhirError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| FhirError::NotJson)?;
    if text(&value, "/resourceType") == Some(expected) { Ok(value) } else { Err(FhirError::WrongResource { expected }) }
}

/// The non-blank string at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

pub(crate) fn owned(value: &Value, pointer: &str) -> Option<String> {
    text(value, pointer).map(str::to_owned)
}

pub(crate) fn required(value: &Value, pointer: &str, what: &'static str) -> Result<String, FhirError> {
    owned(value, pointer).ok_or(FhirError::Missing { what })
}

/// The array under a key; absent counts as empty, a single value as an array of one.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    match value.get(key) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
    }
}

/// The value of the identifier with this system.
pub(crate) fn identifier<'a>(value: &'a Value, system: &str) -> Option<&'a str> {
    list(value, "identifier")
        .iter()
        .find(|found| text(found, "/system") == Some(system))
        .and_then(|f| text(f, "/value"))
}

/// The coding of this system in a CodeableConcept.
pub(crate) fn coding<'a>(concept: &'a Value, system: &str) -> Option<&'a Value> {
    list(concept, "coding").iter().find(|coding| text(coding, "/system") == Some(system))
}

/// The extension with this URL.
pub(crate) fn extension<'a>(value: &'a Value, url: &str) -> Option<&'a Value> {
    list(value, "extension").iter().find(|extension| text(extension, "/url") == Some(url))
}

pub(crate) fn identified(system: &str, value: &str) -> Value {
    json!({"system": system, "value": value})
}

pub(crate) fn coded(system: &str, code: &str, display: Option<&str>) -> Value {
    json!({"system": system, "code": code, "display": display})
}

pub(crate) fn concept(system: &str, code: &str, display: Option<&str>) -> Value {
    json!({"coding": [coded(system, code, display)]})
}

pub(crate) fn reference(id: &str) -> Value {
    json!({"reference": urn(id)})
}

pub(crate) fn urn(id: &str) -> String {
    format!("urn:uuid:{id}")
}

/// Ids are compared, so the optional `urn:uuid:` in front goes.
pub(crate) fn plain(id: &str) -> String {
    id.strip_prefix("urn:uuid:").unwrap_or(id).to_owned()
}

/// Drops what FHIR forbids: nulls, empty arrays, empty objects.
pub(crate) fn prune(value: Value) -> Value {
    let keep = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    match value {
        Value::Array(items) => items.into_iter().map(prune).filter(keep).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, prune(value)))
            .filter(|(_, value)| keep(value))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_empty_is_written() {
        let value = json!({"a": null, "b": [null, {}], "c": {"d": []}, "e": false, "f": [{"g": 0}]});
        assert_eq!(prune(value), json!({"e": false, "f": [{"g": 0}]}));
    }

    #[test]
    fn blank_strings_count_as_absent() {
        assert_eq!(text(&json!({"a": "  "}), "/a"), None);
        assert_eq!(text(&json!({"a": 1}), "/a"), None);
    }

    #[test]
    fn other_resources_are_refused() {
        assert_eq!(resource(b"{", "Bundle"), Err(FhirError::NotJson));
        assert_eq!(resource(b"[]", "Bundle"), Err(FhirError::WrongResource { expected: "Bundle" }));
    }
}
