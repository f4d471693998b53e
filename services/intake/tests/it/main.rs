//! Intake on a real PostgreSQL.

mod enrolments;
mod events;
mod mesh;
mod reading;
mod status;
mod submitting;
mod world;
