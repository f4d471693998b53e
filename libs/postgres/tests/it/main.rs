//! Transactions, scopes, idempotency and migrations on a real PostgreSQL.

mod act;
mod closing;
mod idempotency;
mod lending;
mod migrations;
mod runs;
mod scopes;
mod setup;
