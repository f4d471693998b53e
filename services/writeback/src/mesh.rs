//! MESH as write-back uses it: documents out, acknowledgements and reports in.

mod incoming;
mod outgoing;

pub use incoming::{landed, read};
pub use outgoing::{Outbox, ending_of};
