//! Events on their way into the outbox, written by the transaction that made them true.

use uuid::Uuid;

/// An event as an operation raises it: already rendered, not yet numbered.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The stream it belongs to; `None` makes it a stream of its own, where order means nothing.
    pub stream: Option<Uuid>,
    /// Full protobuf name of the body.
    pub kind: &'static str,
    /// The encoded body.
    pub body: Vec<u8>,
    /// The consultation it concerns.
    pub consultation: Option<Uuid>,
}
