//! For whom a transaction runs: what row security sees.

use std::time::Instant;

use aws_lc_rs::digest;
use uuid::Uuid;

use crate::opening::Question;

/// Which kind of caller a transaction runs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// A named person.
    Person,
    /// A client system.
    Client,
    /// Another service of eHub.
    Service,
    /// Background work of this service, on the work role.
    Work,
}

impl ScopeKind {
    pub(crate) fn setting(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Client => "client",
            Self::Service => "service",
            Self::Work => "work",
        }
    }
}

/// For whom a transaction runs.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Kind of caller.
    pub kind: ScopeKind,
    /// The caller's organisation, by ODS code.
    pub organisation: Option<String>,
    /// The caller, by subject.
    pub subject: String,
    /// The client that carries the call.
    pub client: String,
    /// W3C traceparent of the work, kept with each event.
    pub traceparent: Option<String>,
    /// When the caller stops waiting, on the clock's monotonic time.
    pub deadline: Option<Instant>,
    /// Transactions that share a key take turns: the locks are taken before the first read, so
    /// that the second sees what the first has done.
    pub turns: Vec<i64>,
    /// What the work will ask first; asked with the beginning, which saves a round trip.
    pub question: Option<Question>,
}

impl Scope {
    /// Background work of this service.
    pub fn work() -> Self {
        Self::of(ScopeKind::Work)
    }

    /// A call by another service.
    pub fn service() -> Self {
        Self::of(ScopeKind::Service)
    }

    /// The scope of a caller of this kind; everything else is still to be said.
    pub fn of(kind: ScopeKind) -> Self {
        Self {
            kind,
            organisation: None,
            subject: String::new(),
            client: String::new(),
            traceparent: None,
            deadline: None,
            turns: Vec::new(),
            question: None,
        }
    }

    /// The same scope, continuing a trace.
    #[must_use]
    pub fn traced(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }

    /// The same scope, taking turns with whatever has the same key.
    #[must_use]
    pub fn taking_turns(mut self, key: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in key {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let digest = context.finish();
        let mut first = [0; 8];
        first.copy_from_slice(&digest.as_ref()[..8]);
        self.turns.push(i64::from_be_bytes(first));
        // Whoever takes several takes them in the same order.
        self.turns.sort_unstable();
        self
    }

    /// The same scope for applying events of a source's streams: deliveries take turns, and begin with looking which
    /// version of each came last.
    #[must_use]
    pub fn hearing(self, source: &str, streams: &[Uuid]) -> Self {
        let turn = |scope: Self, stream: &Uuid| scope.taking_turns(&[b"inbox", source.as_bytes(), stream.as_bytes()]);
        let mut scope = streams.iter().fold(self, turn);
        scope.question = Some(Question::Heard { source: source.to_owned(), streams: streams.to_vec() });
        scope
    }
}
