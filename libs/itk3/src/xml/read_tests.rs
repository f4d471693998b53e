//! Hostile and untidy documents.

use super::*;
use crate::xml::to_bytes;
use proptest::prelude::*;

#[test]
fn a_document_type_declaration_is_refused() {
    let bomb = br#"<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>"#;
    assert_eq!(parse(bomb), Err(XmlError::DocumentType));
    let external = br#"<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>"#;
    assert_eq!(parse(external), Err(XmlError::DocumentType));
}

#[test]
fn unknown_entities_are_refused_in_text_and_attributes() {
    assert!(matches!(parse(b"<a>&nbsp;</a>"), Err(XmlError::Entity { .. })));
    assert!(matches!(parse(b"<a b='&nbsp;'/>"), Err(XmlError::Entity { .. })));
}

#[test]
fn depth_size_and_count_are_bounded() {
    let limits = Limits { bytes: 60, depth: 3, nodes: 5 };
    assert!(matches!(parse_with(&[b' '; 61], &limits), Err(XmlError::TooLarge { actual: 61, limit: 60 })));
    assert_eq!(parse_with(b"<a><a><a><a/></a></a></a>", &limits), Err(XmlError::TooDeep { limit: 3 }));
    assert_eq!(parse_with(b"<a><b/><b/><b/><b/><b/></a>", &limits), Err(XmlError::TooMany { limit: 5 }));
    assert_eq!(parse_with(b"<a b='' c='' d='' e='' f=''/>", &limits), Err(XmlError::TooMany { limit: 5 }));
}

#[test]
fn broken_documents_are_errors() {
    for broken in [
        &b"<a>"[..],
        b"<a></b>",
        b"</a>",
        b"<a/><a/>",
        b"text",
        b"",
        b"<a/>text",
        b"<a b='1' b='2'/>",
        b"<a",
        b"<a b=1/>",
    ] {
        assert!(parse(broken).is_err(), "{}", String::from_utf8_lossy(broken));
    }
    assert_eq!(parse(&[b'<', 0xFF, b'>']), Err(XmlError::Encoding));
}

#[test]
fn prefixes_comments_cdata_and_references_are_understood() {
    let root = parse(
        "\u{FEFF}<?xml version='1.0'?><!-- x --><f:a xmlns:f='urn:f'><b value='1 &lt; 2&#10;3'/><![CDATA[<raw>]]> &amp; &#x41;</f:a>"
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(root.name, "a");
    assert!(root.attributes.is_empty());
    assert_eq!(root.child("b").unwrap().attribute("value"), Some("1 < 2\n3"));
    assert_eq!(root.children.last(), Some(&Node::Text("<raw> & A".into())));
}

#[test]
fn utf16_with_a_byte_order_mark_is_understood() {
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend("<a b='é'/>".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(parse(&bytes).unwrap().attribute("b"), Some("é"));
}

#[test]
fn characters_xml_forbids_are_replaced() {
    assert_eq!(parse(b"<a b='&#1;'/>").unwrap().attribute("b"), Some("\u{FFFD}"));
}

fn tree() -> impl Strategy<Value = Element> {
    let text = "[ -~éß€\n\t]{1,20}".prop_filter("blank text is formatting", |text| !text.trim().is_empty());
    let leaf = ("[a-c]{1,3}", proptest::collection::btree_map("[a-z]{1,4}", "[ -~é\n\t\r]{0,20}", 0..3)).prop_map(
        |(name, attributes)| Element { name, attributes: attributes.into_iter().collect(), children: vec![] },
    );
    leaf.prop_recursive(4, 32, 4, move |inner| {
        ("[a-c]{1,3}", proptest::collection::vec(inner, 0..4), proptest::option::of(text.clone())).prop_map(
            |(name, children, text)| {
                let mut children: Vec<Node> = children.into_iter().map(Node::Element).collect();
                children.extend(text.map(Node::Text));
                Element { name, attributes: vec![], children }
            },
        )
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tree in tree()) {
        prop_assert_eq!(parse(&to_bytes(&tree)).unwrap(), tree);
    }

    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = decode_lossy(&bytes);
    }

    #[test]
    fn no_markup_panics(text in "[<>/a&;#x!\\[\\]='\" -]{0,60}") {
        let _ = parse(text.as_bytes());
    }
}
