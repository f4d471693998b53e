//! Allocation on real PostgreSQL: error paths first.

#![expect(clippy::disallowed_methods, reason = "tests make ids of their own")]
#![expect(clippy::ok_expect, reason = "generated messages cannot be printed")]

mod access;
mod alerts;
mod claims;
mod closing;
mod events;
mod inbox;
mod overriding;
mod queue;
mod register;
mod roots;
mod transfers;
mod withdrawing;
mod world;
