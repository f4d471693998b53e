//! Why a document is not acceptable XML. Messages never quote the document: it may hold patient data.

use thiserror::Error;

/// The reason a document was refused before any meaning was read from it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum XmlError {
    /// More bytes than allowed.
    #[error("the document has {actual} bytes, at most {limit} are accepted")]
    TooLarge {
        /// Bytes received.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Elements nested more deeply than allowed.
    #[error("elements are nested more than {limit} deep")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// More elements or attributes than allowed.
    #[error("the document has more than {limit} elements or attributes")]
    TooMany {
        /// Elements and attributes allowed.
        limit: usize,
    },
    /// Neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("the document is not UTF-8 (or UTF-16 with a byte order mark)")]
    Encoding,
    /// A document type declaration, the door to entity attacks.
    #[error("a document type declaration is not accepted")]
    DocumentType,
    /// An entity other than the five of XML 1.0 and character references.
    #[error("an undeclared entity stands at byte {offset}")]
    Entity {
        /// Byte offset in the decoded document.
        offset: u64,
    },
    /// Not well-formed.
    #[error("the document is not well-formed at byte {offset}")]
    Malformed {
        /// Byte offset in the decoded document.
        offset: u64,
    },
    /// No root element, or more than one, or text beside it.
    #[error("the document must have exactly one root element")]
    Root,
}
