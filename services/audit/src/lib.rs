//! Audit: every act and every read of the suite, provable.
//!
//! What it promises: an event that reached it is in the log once and stays there; what a checkpoint
//! signs was read back and recomputed before it was signed; a proof verifies with a public key and
//! anybody's software; the story of a consultation is told to those who may audit its practice and
//! to nobody else; and whether anything acknowledged was lost is computed again every minute.

pub mod config;
pub mod domain;
pub mod leaf;
pub mod note;
pub mod operations;
pub mod peers;
pub mod rpc;
pub mod storage;
pub mod tree;
pub mod verify;
mod wiring;
pub mod workers;

pub use wiring::Audit;

/// The schema, after the foundation.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
