//! Patient, prescriber and organisation on a prescription.

mod name;
mod organisation;
mod patient;
mod prescriber;

pub use name::{Address, HumanName};
pub use organisation::{Organisation, Parent};
pub use patient::Patient;
pub use prescriber::{Prescriber, ProfessionalCode, Register};

pub(crate) use name::current_name;
