//! Allocation on real PostgreSQL: error paths first.

mod access;
mod alerts;
mod claims;
mod closing;
mod events;
mod inbox;
mod queue;
mod register;
mod transfers;
mod world;
