//! Writing a tree as bytes: compact, and the same tree always gives the same bytes, because a message that is sent
//! again must be sent byte for byte.

use super::read::legal;
use super::{Element, Node};

/// The document as UTF-8 with an XML declaration.
pub fn to_bytes(root: &Element) -> Vec<u8> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write(root, &mut out);
    out.into_bytes()
}

fn write(element: &Element, out: &mut String) {
    out.push('<');
    out.push_str(&element.name);
    for (name, value) in &element.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(value, true, out);
        out.push('"');
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for child in &element.children {
        match child {
            Node::Element(element) => write(element, out),
            Node::Text(text) => escape(text, false, out),
        }
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

/// In attributes, line ends and tabs are written as references: a reader turns raw ones into blanks (XML 1.0, 3.3.3),
/// which would run a patient's paragraphs together.
fn escape(text: &str, attribute: bool, out: &mut String) {
    for c in legal(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_values_is_escaped() {
        let element = Element::primitive("a", "\"<&>\n\u{1}").with_text("<&>\n\r");
        assert_eq!(
            String::from_utf8(to_bytes(&element)).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a value=\"&quot;&lt;&amp;&gt;&#10;\u{FFFD}\">&lt;&amp;&gt;\n&#13;</a>"
        );
    }
}
