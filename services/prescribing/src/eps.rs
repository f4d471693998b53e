//! The Electronic Prescription Service, FHIR R4 over HTTPS.

mod answer;
mod client;
mod order;

pub use answer::{PrepareError, Sent};
pub use client::Eps;
pub use order::{NotAnOrder, OrderOf, prepare_bytes, signed_bytes};
