//! Traces, metrics and logs: the only crate that knows OpenTelemetry.
//!
//! A service calls [`init`] once in its runtime, puts [`ServerTraceLayer`] outermost on its server and
//! [`ClientTraceLayer`] on its channels, sends HTTP requests by [`send_outside`], and counts through [`metrics`]. What
//! concerns exactly one consultation carries its id: see [`record_consultation`].

mod bounded;
mod config;
mod context;
mod environment;
mod export;
pub mod lifecycle;
mod lines;
pub mod metrics;
mod outside;
mod rpc;
mod sampler;
mod setup;
mod spans;
mod sparing;

pub use config::{Format, Relation, TelemetryConfig};
pub use context::{TraceParent, current_trace_id, current_traceparent, traceparent_of};
pub use environment::EnvironmentError;
pub use outside::{failure_word, send_outside};
pub use rpc::{
    ClientTrace, ClientTraceLayer, KnownMethods, RPC_STATUS_CODE_KEY, SaidElsewhere, ServerTrace, ServerTraceLayer,
    TracedBody, TracedFuture,
};
pub use setup::{FilterHandle, Telemetry, TelemetryError, init};
pub use spans::{
    Processed, configured_relation, job_span, link_from, process_span, quiet_span, record_consultation, record_failure,
    transaction_span,
};
pub use sparing::OncePerMinute;
