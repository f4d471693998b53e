//! The tree: elements with attributes, child elements and text.

use std::fmt;

/// One XML element. Names are local names: namespace prefixes are dropped when reading.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Attributes in document order; `xmlns` is kept, prefixed declarations are not.
    pub attributes: Vec<(String, String)>,
    /// Children in document order.
    pub children: Vec<Node>,
}

/// A child of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A nested element.
    Element(Element),
    /// Character data, already unescaped.
    Text(String),
}

/// Values may be patient data, so only the shape is shown.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} [{} attributes, {} children]>", self.name, self.attributes.len(), self.children.len())
    }
}

impl Element {
    /// An empty element.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), attributes: Vec::new(), children: Vec::new() }
    }

    /// FHIR's primitive: an element whose content is its `value` attribute.
    pub fn primitive(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(name).with_attribute("value", value)
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Adds a child element.
    #[must_use]
    pub fn with(mut self, child: Element) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// Adds a child element when there is one.
    #[must_use]
    pub fn with_optional(self, child: Option<Element>) -> Self {
        match child {
            Some(child) => self.with(child),
            None => self,
        }
    }

    /// Adds child elements.
    #[must_use]
    pub fn with_all(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children.into_iter().map(Node::Element));
        self
    }

    /// Adds character data.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Child elements in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Child elements of one name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.name == name)
    }

    /// The first child element of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// Follows first children by name.
    pub fn path(&self, names: &[&str]) -> Option<&Element> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The non-blank `value` attribute at the end of a path: how FHIR XML writes every primitive.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        self.path(names)?.attribute("value").map(str::trim).filter(|value| !value.is_empty())
    }

    /// All character data below this element, with block elements and line breaks as new lines.
    pub fn text(&self) -> String {
        let mut collected = String::new();
        self.collect_text(&mut collected);
        let lines: Vec<String> = collected
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("\n")
    }

    fn collect_text(&self, into: &mut String) {
        let block = matches!(
            self.name.as_str(),
            "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "ul" | "ol" | "br" | "pre"
        );
        if block {
            into.push('\n');
        }
        for child in &self.children {
            match child {
                // Line breaks in the source are only formatting; the blocks decide where lines end.
                Node::Text(text) => into.extend(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c })),
                Node::Element(element) => element.collect_text(into),
            }
        }
        match self.name.as_str() {
            _ if block => into.push('\n'),
            "td" | "th" => into.push(' '),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_values() {
        let element = Element::primitive("family", "Marlowe");
        assert!(!format!("{element:?}").contains("Marlowe"));
    }

    #[test]
    fn blank_primitives_count_as_absent() {
        let element = Element::new("name").with(Element::primitive("family", "  "));
        assert_eq!(element.value(&["family"]), None);
    }

    #[test]
    fn narrative_text_keeps_paragraphs_apart() {
        let div =
            Element::new("div").with(Element::new("p").with_text("First\n   line")).with(Element::new("table").with(
                Element::new("tr").with(Element::new("td").with_text("a")).with(Element::new("td").with_text("b")),
            ));
        assert_eq!(div.text(), "First line\na b");
    }
}
