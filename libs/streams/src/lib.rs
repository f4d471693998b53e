//! What an operator does about events that cannot be delivered: look, replay, or skip with a second
//! person. Every service serves this for its own outbox, on the internal port.

mod operations;
mod parse;
mod serve;
mod storage;

pub use serve::StreamsService;
