//! Intake: nothing that was acknowledged is ever lost.
//!
//! A consultation is durable before it is acknowledged, whatever the channel; it is screened, and
//! what the patient is promised is fixed, in the transaction that accepts it. What arrives by MESH
//! is stored as received before MESH is told so, and what cannot be read is kept with an owner and
//! a deadline.

mod config;
mod demographics;
mod domain;
mod events;
mod http;
mod mesh;
mod operations;
mod patient_keys;
mod rpc;
mod screening;
mod storage;
mod wiring;
mod workers;

pub use config::{DemographicsSettings, MeshSettings, PagingSettings, ScreeningSettings, Settings, WorkerSettings};
pub use wiring::Intake;

/// The schema of intake's own tables; applied after the foundation of `ehub_postgres`.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

#[doc(hidden)]
pub mod testing;
