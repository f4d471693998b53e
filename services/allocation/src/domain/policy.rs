//! The times that decide about claims and transfers, as plain values.

use std::time::Duration;

use super::queue::QueuePolicy;

/// What operations need of the settings.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The order of the queue.
    pub queue: QueuePolicy,
    /// How long a claim lasts.
    pub lease: Duration,
    /// How much clocks may differ.
    pub skew: Duration,
    /// How long a receiver has to acknowledge.
    pub acknowledge_within: Duration,
}
