//! Calls on a real PostgreSQL: replays, refusals, reads, and callers that go away.

mod audit;
mod replay;
mod world;
