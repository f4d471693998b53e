//! What a service holds, counted and digested for the proof that nothing is lost.
//!
//! A service says what its roots are ([`RootSource`]); this crate serves them to audit, per shard,
//! read in one statement and so in one snapshot. Audit computes the same [`Tally`] from events.

mod serve;
mod tally;

pub use serve::{RootSource, RootsService};
pub use tally::{Root, ShardTally, Tally};
