//! ITK3 messages (FHIR STU3 in XML) as the hub receives and sends them over MESH: online consultations in, consultation
//! reports out, acknowledgements both ways.
//!
//! Pure: no input or output, no clock, no randomness. Times and identifiers are given; resource ids inside a message
//! are derived from the message's own id, so the same value always gives the same bytes.

mod answer;
mod attachment;
mod envelope;
mod error;
mod extract;
mod note;
mod online_consultation;
mod people;
mod response;
mod send_document;
mod sniff;
mod stu3;
pub mod xml;

pub use answer::{Answer, Coding};
pub use attachment::Attachment;
pub use envelope::{EVENT_RESPONSE, EVENT_SEND_DOCUMENT, Envelope, Handling, RecipientType};
pub use error::MessageError;
pub use extract::{extract_pdf, extract_text};
pub use note::Note;
pub use online_consultation::{
    DOCUMENT_TYPE as ONLINE_CONSULTATION_TYPE, Edition, LOCAL_EXTENSION as ONLINE_CONSULTATION_USE_CASE, Need,
    OnlineConsultation, Priority, Statement,
};
pub use people::{Address, Name, Organisation, Patient, Practitioner, Submitter, SubmitterKind, Telecom};
pub use response::{
    DUPLICATE_DOCUMENT, DUPLICATE_MESSAGE, Issue, PATIENT_DECEASED, PATIENT_KNOWN, PATIENT_MOVED, Reply, Response,
    ResponseCode, ResponseKind, SUCCESS,
};
pub use send_document::{DocumentType, Encounter, LOCAL_EXTENSION as SEND_DOCUMENT_USE_CASE, SendDocument};
pub use sniff::{MessageKind, sniff};
pub use stu3::systems;
