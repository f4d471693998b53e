//! What a service holds, counted and digested for the proof that nothing is lost.
//!
//! A service says what its roots are by the view `ehub.root` of its database; this crate serves them to audit: a stretch
//! at a time, counted for each shard in one statement and so in one snapshot. Audit computes the same [`Tally`] from
//! events.

mod held;
mod serve;
mod tally;

pub use held::PAGE;
pub use serve::RootsService;
pub use tally::{Root, ShardTally, Tally};
