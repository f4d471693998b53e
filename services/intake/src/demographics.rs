//! The demographics port: a PDS-shaped FHIR R4 service, asked over HTTP.

mod client;
mod record;

pub use client::{Demographics, DemographicsError, TestPatients};
