//! Attachments: FHIR `Binary` resources with base64 content.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::stu3::{build, systems};
use crate::xml::Element;

/// Content type of the human-readable rendering every document carries.
pub const PDF: &str = "application/pdf";

/// Senders wrap lines and forget padding.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A decoded attachment.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Media type as declared by the sender.
    pub content_type: String,
    /// Decoded bytes.
    pub content: Vec<u8>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.content_type, self.content.len())
    }
}

impl Attachment {
    /// Whether this is a PDF, by declaration or by its first bytes.
    pub fn is_pdf(&self) -> bool {
        self.content_type.eq_ignore_ascii_case(PDF) || self.content.starts_with(b"%PDF-")
    }

    /// `None` when the content is absent or not base64.
    pub(crate) fn read(binary: &Element) -> Option<Self> {
        Some(Self {
            content_type: binary.value(&["contentType"]).unwrap_or("application/octet-stream").to_owned(),
            content: decode(binary.value(&["content"])?)?,
        })
    }

    pub(crate) fn write(content_type: &str, content: &[u8], id: &str) -> Element {
        build::resource("Binary", id, systems::ATTACHMENT)
            .with(Element::primitive("contentType", content_type))
            .with(Element::primitive("content", base64::engine::general_purpose::STANDARD.encode(content)))
    }
}

/// Decodes base64 with blanks anywhere and padding optional.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    TOLERANT.decode(packed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_that_is_not_base64_is_no_attachment() {
        let binary = Element::new("Binary").with(Element::primitive("content", "not base64!"));
        assert_eq!(Attachment::read(&binary), None);
        assert_eq!(Attachment::read(&Element::new("Binary")), None);
    }

    #[test]
    fn wrapped_and_unpadded_base64_is_decoded() {
        assert_eq!(decode("JVBE\n Ri0x").as_deref(), Some(&b"%PDF-1"[..]));
        assert_eq!(decode("YQ").as_deref(), Some(&b"a"[..]));
    }
}
