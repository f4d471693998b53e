//! Names, addresses and telephone numbers, in the FHIR data types' shapes.

use std::fmt;

use crate::xml::Element;

/// A person's name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// Family name.
    pub family: String,
    /// Given names in order.
    pub given: Vec<String>,
    /// Titles.
    pub prefix: Vec<String>,
}

/// A way to reach someone.
#[derive(Clone, PartialEq, Eq)]
pub struct Telecom {
    /// `phone`, `email`, `sms`, …
    pub system: String,
    /// The number or address.
    pub value: String,
    /// `home`, `work`, `mobile`, …
    pub purpose: Option<String>,
}

/// A postal address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Street lines.
    pub lines: Vec<String>,
    /// Town.
    pub city: Option<String>,
    /// County.
    pub district: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
}

macro_rules! redacted {
    ($($type:ident),*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(***)"))
            }
        }
    )*};
}
redacted!(Name, Telecom, Address);

impl Name {
    /// Title, given names, family name.
    pub fn display(&self) -> String {
        let parts = self.prefix.iter().chain(&self.given).chain(std::iter::once(&self.family));
        parts.filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The name to use among several: official, then usual, then the first that is not old. The flag says whether it
    /// was a bare display text.
    pub(crate) fn read(person: &Element) -> Option<(Self, bool)> {
        let of_use = |wanted| person.all("name").find(move |name| name.value(&["use"]) == Some(wanted));
        let current = || person.all("name").find(|name| name.value(&["use"]) != Some("old"));
        let element = of_use("official").or_else(|| of_use("usual")).or_else(current)?;
        let values = |field| element.all(field).filter_map(|e| e.value(&[])).map(str::to_owned).collect::<Vec<_>>();
        if let Some(family) = element.value(&["family"]) {
            return Some((Self { family: family.to_owned(), given: values("given"), prefix: values("prefix") }, false));
        }
        let mut words: Vec<String> = element.value(&["text"])?.split_whitespace().map(str::to_owned).collect();
        let family = words.pop()?;
        Some((Self { family, given: words, prefix: Vec::new() }, true))
    }

    pub(crate) fn write(&self, purpose: &str) -> Element {
        Element::new("name")
            .with(Element::primitive("use", purpose))
            .with(Element::primitive("family", &self.family))
            .with_all(self.given.iter().map(|given| Element::primitive("given", given)))
            .with_all(self.prefix.iter().map(|prefix| Element::primitive("prefix", prefix)))
    }
}

impl Telecom {
    pub(crate) fn read_all(person: &Element) -> Vec<Self> {
        let read = |element: &Element| {
            Some(Self {
                system: element.value(&["system"]).unwrap_or("phone").to_owned(),
                value: element.value(&["value"])?.to_owned(),
                purpose: element.value(&["use"]).map(str::to_owned),
            })
        };
        person.all("telecom").filter_map(read).collect()
    }

    pub(crate) fn write(&self) -> Element {
        Element::new("telecom")
            .with(Element::primitive("system", &self.system))
            .with(Element::primitive("value", &self.value))
            .with_optional(self.purpose.as_ref().map(|purpose| Element::primitive("use", purpose)))
    }
}

impl Address {
    pub(crate) fn read(person: &Element) -> Option<Self> {
        let current = person.all("address").find(|address| address.value(&["use"]) != Some("old"))?;
        let field = |name| current.value(&[name]).map(str::to_owned);
        Some(Self {
            lines: current.all("line").filter_map(|line| line.value(&[])).map(str::to_owned).collect(),
            city: field("city"),
            district: field("district"),
            postcode: field("postalCode"),
        })
    }

    pub(crate) fn write(&self) -> Element {
        let field = |name: &str, value: &Option<String>| value.as_ref().map(|value| Element::primitive(name, value));
        Element::new("address")
            .with(Element::primitive("use", "home"))
            .with_all(self.lines.iter().map(|line| Element::primitive("line", line)))
            .with_optional(field("city", &self.city))
            .with_optional(field("district", &self.district))
            .with_optional(field("postalCode", &self.postcode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    #[test]
    fn old_names_are_passed_over_and_display_names_are_split() {
        let person = parse(
            b"<P><name><use value='old'/><family value='Before'/></name><name><text value='Ann  Mary Teak'/></name></P>",
        )
        .unwrap();
        let (name, split) = Name::read(&person).unwrap();
        assert_eq!((name.family.as_str(), name.given.len(), split), ("Teak", 2, true));
        assert_eq!(name.display(), "Ann Mary Teak");
    }

    #[test]
    fn debug_shows_nothing() {
        let name = Name { family: "Teak".into(), ..Name::default() };
        assert_eq!(format!("{name:?}"), "Name(***)");
    }
}
