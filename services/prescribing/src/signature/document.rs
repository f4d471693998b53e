//! The XML of a signature: the one shape prescribers' signatures have, and nothing else.
//!
//! Every element is in the default namespace of XML Signature. Prefixes, comments, processing
//! instructions, entities and document types are refused: none occurs in a real one, and what is
//! not there cannot be misread.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// The namespace of XML Signature.
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Nesting of a real signature is 5.
const MAX_DEPTH: usize = 16;

/// What a signature consists of.
pub(super) struct SignatureDocument {
    /// `SignedInfo` in exclusive canonical form.
    pub signed_info: String,
    /// `SignatureValue`, in base64.
    pub value: String,
    /// The signer's `X509Certificate`, in base64 of DER.
    pub certificate: String,
    /// The certificates after it: who issued it, and who issued those.
    pub issuers: Vec<String>,
}

/// Where a text belongs.
const VALUE: &[&str] = &["Signature", "SignatureValue"];
const CERTIFICATE: &[&str] = &["Signature", "KeyInfo", "X509Data", "X509Certificate"];

#[derive(Default)]
struct Reading {
    path: Vec<String>,
    infos: usize,
    signed_info: String,
    value: String,
    certificates: Vec<String>,
    roots: usize,
}

impl SignatureDocument {
    /// Reads a document; nothing when it has another shape.
    pub fn read(xml: &str) -> Option<Self> {
        let mut reader = Reader::from_str(xml);
        let mut reading = Reading::default();
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => reading.open(&start)?,
                Event::Empty(start) => {
                    reading.open(&start)?;
                    reading.close()?;
                }
                Event::End(_) => reading.close()?,
                Event::Text(text) => reading.text(&text.xml10_content())?,
                Event::Decl(_) if reading.roots == 0 => {}
                Event::Eof => return reading.finish(),
                _ => return None,
            }
        }
    }
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>) -> Option<()> {
        let name = start.name();
        let name = local(name.as_ref())?;
        if self.path.is_empty() {
            self.roots += 1;
            if name != "Signature" || self.roots > 1 {
                return None;
            }
        }
        let mut attributes = Vec::new();
        let mut declared = None;
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            let key = local(attribute.key.as_ref())?;
            let value = local_value(&attribute.value)?;
            if key == "xmlns" { declared = Some(value) } else { attributes.push((key, value)) }
        }
        // The root names the namespace; below, it is inherited or said again.
        match declared {
            Some(namespace) if namespace != DSIG => return None,
            None if self.path.is_empty() => return None,
            _ => {}
        }
        let inside = self.inside_info();
        let top = !inside && self.path.len() == 1 && name == "SignedInfo";
        self.path.push(name.clone());
        if self.path.len() > MAX_DEPTH {
            return None;
        }
        if top {
            self.infos += 1;
        }
        if top || inside {
            self.render(&name, top, attributes);
        } else if is_at(&self.path, CERTIFICATE) {
            self.certificates.push(String::new());
        }
        Some(())
    }

    /// Exclusive canonical form: the namespace at the top, attributes by name, no empty-element tags.
    fn render(&mut self, name: &str, top: bool, mut attributes: Vec<(String, String)>) {
        attributes.sort();
        self.signed_info.push('<');
        self.signed_info.push_str(name);
        if top {
            self.signed_info.push_str(" xmlns=\"");
            self.signed_info.push_str(DSIG);
            self.signed_info.push('"');
        }
        for (key, value) in attributes {
            self.signed_info.push(' ');
            self.signed_info.push_str(&key);
            self.signed_info.push_str("=\"");
            self.signed_info.push_str(&value);
            self.signed_info.push('"');
        }
        self.signed_info.push('>');
    }

    fn close(&mut self) -> Option<()> {
        let inside = self.inside_info();
        let name = self.path.pop()?;
        if inside {
            self.signed_info.push_str("</");
            self.signed_info.push_str(&name);
            self.signed_info.push('>');
        }
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        if self.inside_info() {
            // A bare `>` is legal in text and escaped in canonical form; base64 and URIs have none.
            if text.contains(['>', '\r']) {
                return None;
            }
            self.signed_info.push_str(text);
        } else if is_at(&self.path, VALUE) {
            self.value.push_str(text);
        } else if is_at(&self.path, CERTIFICATE) {
            self.certificates.last_mut()?.push_str(text);
        } else if !text.trim().is_empty() {
            return None;
        }
        Some(())
    }

    fn inside_info(&self) -> bool {
        self.path.len() >= 2 && self.path[1] == "SignedInfo"
    }

    fn finish(self) -> Option<SignatureDocument> {
        let complete = self.roots == 1 && self.path.is_empty() && self.infos == 1 && !self.value.trim().is_empty();
        // The first certificate is the signer's; others are its issuers.
        let mut certificates = self.certificates.into_iter();
        let certificate = certificates.next().filter(|text| !text.trim().is_empty())?;
        let (signed_info, value, issuers) = (self.signed_info, self.value, certificates.collect());
        complete.then_some(SignatureDocument { signed_info, value, certificate, issuers })
    }
}

fn is_at(path: &[String], wanted: &[&str]) -> bool {
    path.iter().map(String::as_str).eq(wanted.iter().copied())
}

/// A name without a prefix.
fn local(name: &str) -> Option<String> {
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| name.to_owned())
}

/// An attribute that reads the same in every form of XML: no quotes, references or line breaks.
fn local_value(value: &str) -> Option<String> {
    (!value.contains(['"', '&', '<', '\t', '\n', '\r'])).then(|| value.to_owned())
}
