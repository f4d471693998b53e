//! Intake on a real PostgreSQL.

mod enrolments;
mod events;
mod guard;
mod mesh;
mod reading;
mod status;
mod submitting;
mod tracing;
mod world;
