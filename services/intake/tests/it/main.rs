//! Intake on a real PostgreSQL.

#![expect(clippy::disallowed_methods, reason = "tests make ids of their own, and statements of names of their own")]

mod enrolments;
mod events;
mod guard;
mod mesh;
mod quarantined_content;
mod reading;
mod status;
mod submitting;
mod tracing;
mod withdrawing;
mod world;
