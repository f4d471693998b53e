//! Whole messages, written and read.

mod cancellation;
mod order;
mod samples;
