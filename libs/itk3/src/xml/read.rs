//! Reading bytes into a tree, within limits.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::{Element, Node, XmlError};

/// Attributes of one element; FHIR needs three at most, XHTML a few more.
const MAX_ATTRIBUTES: usize = 32;

/// What a document may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document. The default of 32 MiB leaves room for base64 attachments: national guidance recommends
    /// messages of about 5 MB, MESH itself carries 100 MB.
    pub bytes: usize,
    /// Nesting depth.
    pub depth: usize,
    /// Elements and attributes together.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 * 1024 * 1024, depth: 64, nodes: 200_000 }
    }
}

/// Parses a document within the default [`Limits`].
pub fn parse(bytes: &[u8]) -> Result<Element, XmlError> {
    parse_with(bytes, &Limits::default())
}

/// Parses a document within `limits`.
pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Element, XmlError> {
    if bytes.len() > limits.bytes {
        return Err(XmlError::TooLarge { actual: bytes.len(), limit: limits.bytes });
    }
    let text = decode(bytes)?;
    let mut reader = Reader::from_str(&text);
    let mut tree = Tree::new(limits);
    loop {
        let event = reader.read_event().map_err(|_| XmlError::Malformed { offset: reader.error_position() })?;
        let offset = reader.buffer_position();
        match event {
            Event::Start(start) => {
                let element = tree.element(&start, offset)?;
                tree.open(element)?;
            }
            Event::Empty(start) => {
                let element = tree.element(&start, offset)?;
                tree.open(element)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.text(&resolve(&reference, offset)?)?,
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

/// The document under construction.
struct Tree<'l> {
    limits: &'l Limits,
    nodes: usize,
    open: Vec<Element>,
    root: Option<Element>,
}

impl<'l> Tree<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self { limits, nodes: 0, open: Vec::new(), root: None }
    }

    fn count(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(XmlError::TooMany { limit: self.limits.nodes });
        }
        Ok(())
    }

    fn element(&mut self, start: &BytesStart<'_>, offset: u64) -> Result<Element, XmlError> {
        self.count()?;
        let mut element = Element::new(start.local_name().into_inner());
        for (position, attribute) in start.attributes().enumerate() {
            self.count()?;
            // The check for repeated names compares each with all before it, so their number must stay small.
            if position >= MAX_ATTRIBUTES {
                return Err(XmlError::TooMany { limit: MAX_ATTRIBUTES });
            }
            let attribute = attribute.map_err(|_| XmlError::Malformed { offset })?;
            if attribute.key.prefix().is_some_and(|prefix| prefix.is_xmlns()) {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| XmlError::Entity { offset })?;
            element.attributes.push((attribute.key.into_inner().to_owned(), legal(&value)));
        }
        Ok(element)
    }

    fn open(&mut self, element: Element) -> Result<(), XmlError> {
        if self.open.len() >= self.limits.depth {
            return Err(XmlError::TooDeep { limit: self.limits.depth });
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError::Root);
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let mut element = self.open.pop().ok_or(XmlError::Root)?;
        // Indentation is not content, except in XHTML where blanks separate words.
        let narrative = element.name == "div" || self.open.iter().any(|ancestor| ancestor.name == "div");
        if !narrative {
            element.children.retain(|node| !matches!(node, Node::Text(text) if text.trim().is_empty()));
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let Some(parent) = self.open.last_mut() else {
            return if text.trim().is_empty() { Ok(()) } else { Err(XmlError::Root) };
        };
        match parent.children.last_mut() {
            Some(Node::Text(existing)) => existing.push_str(&legal(text)),
            _ => parent.children.push(Node::Text(legal(text))),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        if !self.open.is_empty() {
            return Err(XmlError::Root);
        }
        self.root.ok_or(XmlError::Root)
    }
}

fn resolve(reference: &BytesRef<'_>, offset: u64) -> Result<String, XmlError> {
    let character = reference.resolve_char_ref().map_err(|_| XmlError::Entity { offset })?;
    if let Some(character) = character {
        return Ok(character.to_string());
    }
    resolve_xml_entity(reference).map(str::to_owned).ok_or(XmlError::Entity { offset })
}

/// XML 1.0 section 2.2: characters no document may contain become U+FFFD instead of failing a whole message.
pub(super) fn legal(text: &str) -> String {
    text.chars().map(|c| if is_legal(c) { c } else { '\u{FFFD}' }).collect()
}

fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).map(Cow::Borrowed).map_err(|_| XmlError::Encoding),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            String::from_utf16(&units(bytes)).map(Cow::Owned).map_err(|_| XmlError::Encoding)
        }
        _ => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| XmlError::Encoding),
    }
}

/// As the strict decoding, but replaces what cannot be decoded: for looking at documents that do not parse.
pub(crate) fn decode_lossy(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Cow::Owned(String::from_utf16_lossy(&units(bytes))),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// UTF-16 code units after the byte order mark.
fn units(bytes: &[u8]) -> Vec<u16> {
    let big_endian = bytes.starts_with(&[0xFE, 0xFF]);
    bytes[2..]
        .chunks_exact(2)
        .map(|pair| {
            let pair = [pair[0], pair[1]];
            if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        })
        .collect()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
