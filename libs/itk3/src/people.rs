//! The people and organisations a message names.

mod contact;
mod organisation;
mod patient;
mod practitioner;
mod submitter;

pub use contact::{Address, Name, Telecom};
pub use organisation::Organisation;
pub use patient::Patient;
pub use practitioner::Practitioner;
pub use submitter::{Submitter, SubmitterKind};
