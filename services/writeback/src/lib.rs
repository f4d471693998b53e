//! Write-back: what a consultation found and did reaches the patient's registered practice once,
//! where an agreement says so; and whatever did not reach it is listed for a person.
//!
//! An entry is filed under a claim, held while it may still change, released when its consultation
//! is completed and every prescription of the closing manifest has its outcome, traced again,
//! made into a document, stored, sent over MESH and followed until the practice acknowledges it.

pub mod config;
pub mod document;
pub mod domain;
mod events;
pub mod mesh;
pub mod operations;
pub mod peers;
pub mod rpc;
pub mod storage;
mod wiring;
pub mod workers;

pub use wiring::Writeback;

/// The service's migrations, applied after the foundation's.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
