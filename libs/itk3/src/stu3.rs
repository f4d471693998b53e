//! The few FHIR STU3 idioms these messages use: systems, references, bundles, dates.

pub(crate) mod build;
pub(crate) mod index;
pub mod systems;
pub(crate) mod times;
