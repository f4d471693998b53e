//! Background work, on the work role.

pub mod append;
pub mod housekeeping;
pub mod lifecycle;
pub mod no_loss;
