//! Building blocks for messages.

use uuid::Uuid;

use super::systems;
use crate::xml::Element;

/// A resource id derived from the message's own id, so that building needs no randomness and the same message always
/// has the same bytes (name-based UUID, RFC 9562 section 5.5).
pub(crate) fn resource_id(message: &str, role: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{message}/{role}").as_bytes()).to_string()
}

pub(crate) fn urn(id: &str) -> String {
    format!("urn:uuid:{id}")
}

/// A resource with its id and profile.
pub(crate) fn resource(kind: &str, id: &str, profile: &str) -> Element {
    Element::new(kind)
        .with(Element::primitive("id", id))
        .with(Element::new("meta").with(Element::primitive("profile", profile)))
}

pub(crate) fn entry(id: &str, resource: Element) -> Element {
    Element::new("entry").with(Element::primitive("fullUrl", urn(id))).with(Element::new("resource").with(resource))
}

/// A bundle with a UUID identifier; entries are added by the caller.
pub(crate) fn bundle(id: &str, profile: &str, kind: &str, identifier: &str) -> Element {
    resource("Bundle", id, profile)
        .with(self::identifier(systems::RFC4122, identifier))
        .with(Element::primitive("type", kind))
}

pub(crate) fn identifier(system: &str, value: &str) -> Element {
    Element::new("identifier").with(Element::primitive("system", system)).with(Element::primitive("value", value))
}

pub(crate) fn reference(name: &str, id: &str) -> Element {
    Element::new(name).with(Element::primitive("reference", urn(id)))
}

/// A coding under any element name (`coding`, `event`, `valueCoding`).
pub(crate) fn coding(name: &str, system: &str, code: &str, display: Option<&str>) -> Element {
    Element::new(name)
        .with(Element::primitive("system", system))
        .with(Element::primitive("code", code))
        .with_optional(display.map(|display| Element::primitive("display", display)))
}

pub(crate) fn concept(name: &str, system: &str, code: &str, display: Option<&str>) -> Element {
    Element::new(name).with(coding("coding", system, code, display))
}

pub(crate) fn extension(url: &str, value: Element) -> Element {
    Element::new("extension").with_attribute("url", url).with(value)
}

/// A generated narrative with one paragraph a line.
pub(crate) fn narrative(text: &str) -> Element {
    let paragraphs = text.lines().filter(|line| !line.trim().is_empty()).map(|line| Element::new("p").with_text(line));
    let div = Element::new("div").with_attribute("xmlns", systems::XHTML).with_all(paragraphs);
    Element::new("text").with(Element::primitive("status", "generated")).with(div)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_ids_repeat_for_the_same_message_and_differ_between_messages() {
        assert_eq!(resource_id("m1", "Patient"), resource_id("m1", "Patient"));
        assert_ne!(resource_id("m1", "Patient"), resource_id("m1", "Encounter"));
        assert_ne!(resource_id("m1", "Patient"), resource_id("m2", "Patient"));
    }
}
