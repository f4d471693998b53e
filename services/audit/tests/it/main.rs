//! Audit on a real PostgreSQL.

mod log;
mod no_loss;
mod story;
mod timeline;
mod walk;
mod world;
