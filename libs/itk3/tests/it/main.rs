//! Whole messages, written and read.

mod online_consultation;
mod samples;
mod send_document;
