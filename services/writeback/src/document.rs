//! An entry as a document: for the practice to read in twenty seconds, and to file.

mod blocks;
mod compose;
mod layout;
mod message;
mod metrics;
mod pdf;
mod winansi;

pub use blocks::{Block, narrative};
pub use compose::{Report, compose};
pub use message::{Identifiers, Sender, message};
pub use pdf::render;
