//! Other services, behind our own types.

mod patients;

pub use patients::{PatientSource, Patients, TraceError, TracedPatient};
