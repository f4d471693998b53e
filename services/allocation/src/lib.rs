//! Allocation promises: every accepted consultation has exactly one holder at any instant, one clock
//! that nothing moves later, and one owner; what a person holds nobody else can act on; and nothing
//! is closed blind. It also owns the register: who may act for whose patients.

pub mod config;
pub mod domain;
pub mod duty;
pub mod events;
pub mod operations;
pub mod pathway;
pub mod peers;
pub mod rpc;
pub mod storage;
mod tallies;
mod wiring;
pub mod workers;

pub use wiring::Allocation;

/// The schema of allocation, after the foundation's.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
