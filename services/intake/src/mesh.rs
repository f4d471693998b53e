//! The MESH channel: ITK3 messages as drafts, and the acknowledgements they get.

mod acknowledgement;
mod report;

pub use acknowledgement::{Answering, acknowledgement};
pub use report::read;
