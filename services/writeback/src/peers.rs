//! Clients of other services, behind our own types.

mod patients;

pub use patients::{Ask, Patients, TraceError};
