//! A small, bounded XML tree: enough to read and write FHIR STU3 messages, and nothing more.
//!
//! Documents come from outside, so depth, size and element count are limited, document type declarations are refused
//! (no external entities, no entity expansion), and every failure is an error rather than a panic.

mod element;
mod error;
mod read;
mod write;

pub use element::{Element, Node};
pub use error::XmlError;
pub use read::{Limits, parse, parse_with};
pub use write::to_bytes;

pub(crate) use read::decode_lossy;
