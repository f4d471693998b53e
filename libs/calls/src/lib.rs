//! The life of one call between the wire and a unit of work.
//!
//! Parse, then [`Calls::mutate`] or [`Calls::read`], then render: in between, in this order, the
//! replay look-up, the grant, the work, the audit event and the record of the answer, all in one
//! transaction, in a task of its own that a caller who goes away cannot drop.

mod audited;
mod call;
mod named;
mod pieces;
mod refused;
mod runner;
mod storage_faults;

pub use call::Call;
pub use pieces::{Pieces, in_pieces};
pub use refused::Refusals;
pub use runner::{Calls, stopping};
pub use storage_faults::storage_fault;
