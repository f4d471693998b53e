//! How facts get from the transaction that made them true to every service that needs them.
//!
//! Rows of the outbox never change; each subscriber has cursors over them ([`Relay`]). The
//! receiver is the fence: it keeps the last version of each stream, refuses nothing it has seen
//! and waits for what it has not ([`Sink`]). Order holds for one consultation of one source, and
//! for nothing else.

mod ahead;
mod apply;
mod held;
mod read;
mod relay;
mod round;
mod settle;
mod sink;
mod subscriber;
mod transport;
mod verdicts;

/// Stands in the place of an event that two people decided to leave out: empty, and taken by every
/// subscriber.
pub const SKIPPED: &str = "ehub.internal.v1.EventSkipped";

pub use relay::{Relay, RelaySettings};
pub use sink::{Received, Refusal, Sink, Subscription};
pub use subscriber::Subscriber;
pub use transport::Transport;
