//! Prescribing: the hub issues, once, under its own cost centre.
//!
//! Raise, prepare, sign and issue are separate acts. Raise and prepare need the grant of a claim;
//! sign and issue need the prescriber, their membership of the cost centre on the day, and the
//! prescription's etag. What is sent to EPS is stored, with its request id, before it is
//! sent, and sent byte for byte the same until EPS has answered: an issue happens exactly once.
//!
//! Prescribing makes no allergy or interaction check: the prescriber does, in the record.

mod config;
mod domain;
mod eps;
mod events;
mod operations;
mod patient_key;
mod peers;
mod rpc;
mod signature;
mod storage;
mod wiring;
mod workers;

pub use config::{EpsSettings, Live, Settings};
pub use peers::{PatientSource, TraceError, TracedPatient};
pub use rpc::Facts;
pub use signature::{
    Authorities, AuthoritiesError, DEVELOPMENT_AUTHORITY, SignatureRefused, verify as verify_signature,
};
pub use wiring::{Parts, Prescribing};

/// The schema of this service.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
