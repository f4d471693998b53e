//! The frame every service hangs in: ports, the layers around the handlers, health, readiness, workers and the drain.
//!
//! A service builds its routes and workers into a [`Built`] and hands it to [`run`]; calls between services go out
//! through [`client::channel`]. Which layer stands where, and why, is one function: `stack::stack`.

mod admin;
mod body;
mod built;
pub mod client;
mod config;
mod edge;
mod health;
mod methods;
mod panics;
mod readiness;
mod run;
mod signals;
mod stack;

pub use built::{Built, Worker, WorkerFuture};
pub use config::{Deadlines, Drain, Limits, ServerConfig};
pub use edge::deadline::Deadline;
pub use edge::shed::InFlight;
pub use panics::quiet_panics;
pub use readiness::{Condition, Readiness};
pub use run::{Bound, ServeError, run};
pub use signals::stop_signal;
pub use stack::Stack;

/// The domain of the reasons this crate refuses with.
pub const DOMAIN: &str = "server.ehub";
