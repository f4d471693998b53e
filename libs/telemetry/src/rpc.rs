//! One span and one duration per gRPC call, on both sides, by the RPC semantic conventions.

mod body;
mod client;
mod record;
mod server;

use std::collections::HashSet;
use std::sync::Arc;

pub use body::{TracedBody, TracedFuture};
pub use client::{ClientTrace, ClientTraceLayer};
pub use record::RPC_STATUS_CODE_KEY;
pub use server::{ServerTrace, ServerTraceLayer};

/// In a response's extensions: somebody else counts this refusal and writes a line when one is due, so the call writes none.
#[derive(Clone, Copy, Debug)]
pub struct SaidElsewhere;

/// The methods a server has, as `package.Service/Method`; others are reported as `_OTHER`, whoever invents their names.
#[derive(Clone, Debug, Default)]
pub struct KnownMethods(Arc<HashSet<String>>);

impl KnownMethods {
    /// Collects the methods.
    pub fn new(methods: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(methods.into_iter().collect()))
    }

    /// An empty set knows nothing and so calls nothing unknown.
    fn knows(&self, method: &str) -> bool {
        self.0.is_empty() || self.0.contains(method)
    }
}

/// `/package.Service/Method` without its first slash.
fn method_of(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}
