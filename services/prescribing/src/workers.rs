//! Background work: looks at the state, reconciles, takes no input.

pub mod housekeeping;
pub mod issue;
