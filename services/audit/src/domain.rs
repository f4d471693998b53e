//! What audit concludes from what it hears. Pure: no clock, no storage, no wire formats.

pub mod episode;
pub mod fact;
pub mod heard;
pub mod lifecycle;
pub mod no_loss;
pub mod outcome;
pub mod root;
