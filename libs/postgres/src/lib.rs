//! PostgreSQL as eHub uses it: a pool that survives cancellation and failover, named and retried
//! transactions that know their caller, migrations, idempotency records and sealed page tokens.
//!
//! A unit of work implements [`Work`] and is run by [`Db::run`]; nobody else begins a transaction,
//! and nobody outside this crate and `storage/` names a connection.

mod bell;
mod closing;
mod config;
mod connections;
mod error;
mod idempotency;
mod inbox;
mod literal;
mod migrate;
mod opening;
mod page_token;
mod pool;
mod raise;
mod scope;
mod tx;

pub use bell::Raised;
pub use config::{DatabaseConfig, Role};
pub use connections::Lent;
pub use error::StorageError;
pub use idempotency::{IdempotencyKey, Recorded, find, forget_older_than, record};
pub use inbox::{Span, heard, last_heard, pass};
pub use migrate::{FOUNDATION, Schema, bootstrap, complete, migrate, schema};
pub use opening::Question;
pub use page_token::{PageToken, PageTokenInvalid, PageTokens};
pub use pool::Db;
pub use raise::Draft;
pub use scope::{Scope, ScopeKind};
pub use tx::{Tx, Work, exactly_one};
