//! FHIR R4 JSON as the Electronic Prescription Service and the Personal Demographics Service speak it: typed values in
//! place of JSON for the few messages this suite exchanges, written and read.
//!
//! Pure: no input or output, no clock, no randomness. Identifiers and times are given; resource ids inside a bundle are
//! derived from the message id, so the same value always gives the same bytes.

mod bundle;
mod cancellation;
mod error;
mod json;
mod outcome;
mod pds;
mod people;
mod prepare;
mod prescription;
mod signature;
pub mod systems;
mod times;

pub use cancellation::{CancelReason, CancelResponse, CancelStatus, Cancellation};
pub use error::FhirError;
pub use outcome::{Issue, OperationOutcome, Severity};
pub use pds::{Confidentiality, PdsPatient};
pub use people::{Address, HumanName, Organisation, Parent, Patient, Prescriber, ProfessionalCode, Register};
pub use prepare::PrepareResponse;
pub use prescription::{
    ControlledDrug, Course, Dispenser, DispensingSite, Interaction, Item, MAX_ITEMS, Prescription, Problem, Quantity,
};
pub use signature::{Signature, SignedParts};

/// The bytes of a message: compact JSON, the same for the same value.
pub fn to_bytes(message: &serde_json::Value) -> Vec<u8> {
    message.to_string().into_bytes()
}
