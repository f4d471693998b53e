//! Transactions, scopes, idempotency and migrations on a real PostgreSQL.

mod act;
mod idempotency;
mod migrations;
mod runs;
mod scopes;
mod setup;
