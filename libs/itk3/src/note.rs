//! What the tolerant parser forgave: shown to staff and counted by supplier, so that a sender can be told.

use thiserror::Error;

/// One departure from the published message that did not stop it from being understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Note {
    /// `Bundle.identifier` is absent; another id stands in.
    #[error("Bundle.identifier is missing; the bundle or header id was used")]
    BundleIdentifierMissing,
    /// The header is not the first entry.
    #[error("MessageHeader is not the first entry")]
    HeaderNotFirst,
    /// Two resources of one kind share an id.
    #[error("resource ids are reused within one kind")]
    DuplicateIds,
    /// The handling extension is absent; no acknowledgement is assumed to be asked for.
    #[error("the ITK message handling extension is missing")]
    HandlingMissing,
    /// The sender reference is absent.
    #[error("SenderReference is missing")]
    SenderReferenceMissing,
    /// The sending organisation has no readable ODS code.
    #[error("the sender has no ODS code")]
    SenderUnknown,
    /// The header has no readable time.
    #[error("MessageHeader.timestamp is missing or unreadable")]
    TimestampUnreadable,
    /// The national guide makes the PDF mandatory.
    #[error("the mandatory PDF is missing")]
    PdfMissing,
    /// An attachment's base64 content cannot be decoded.
    #[error("an attachment cannot be decoded")]
    AttachmentUnreadable,
    /// No resource was found by the reference; the only one of its kind was used.
    #[error("a reference does not resolve; the first resource of its kind was used")]
    ReferenceUnresolved,
    /// The patient's name is only a display text.
    #[error("the patient's name is not split into family and given names")]
    NameNotSplit,
    /// The date of birth is absent or only partly given.
    #[error("the patient's date of birth is missing or incomplete")]
    BirthDateUnreadable,
    /// The NHS number is absent.
    #[error("the patient's NHS number is missing")]
    NhsNumberMissing,
    /// Composition.type is not the code of an online consultation.
    #[error("Composition.type is not 149951000000107")]
    UnexpectedType,
}
