//! What prescribing decides, without knowing how anything is stored or sent.

mod cost_centre;
mod event;
mod item;
mod prescription;
mod state;

pub use cost_centre::{CostCentre, Membership, Period, Register};
pub use event::Moved;
pub use item::{Item, ItemRefused, Quantity, Schedule, says_only_as_directed};
pub use prescription::{Consultation, Prescription, RecordSeen, RecordSource};
pub use state::{Openness, State, Step};
