//! Who may reach whose patients today: the one access table, as each service has it.
//!
//! Allocation owns the register and publishes; the others project with [`apply`]. Row security
//! reads the same table, so a forgotten check leaks nothing; these checks exist to answer well.

mod check;
mod project;

pub use check::{AccessError, Practice, known_practice, reaches, require_fresh, require_one_of, require_practice};
pub use project::{KINDS, apply, caught_up, put_organisation, replace_access};
