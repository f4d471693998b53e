//! The one place where a refusal becomes a `tonic::Status`.
//!
//! A [`Fault`] carries the canonical code, a reason that is part of the API, metadata, every bad
//! field, the state that stood in the way and when to try again. It is rendered as
//! `google.rpc.Status` with the standard details (AIP-193). Messages are constants: nothing a
//! caller sent, and nothing about a patient, is ever put into one.

mod fault;
mod fields;

pub use fault::{Fault, PRECONDITION_DOMAIN};
pub use fields::{FieldPath, Fields, Violation};
pub use tonic::Code;
