//! The outbox of one database delivered into the inbox of another, on a real PostgreSQL.

#[path = "../../../postgres/tests/it/act.rs"]
mod act;
mod beats;
mod complete;
mod held;
mod passing;
mod relays;
mod together;
mod verdicts;
mod wire;
mod world;
