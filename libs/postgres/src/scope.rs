//! For whom a transaction runs: what row security sees.

use std::time::Instant;

use aws_lc_rs::digest;
use ehub_clock::Clock;
use uuid::Uuid;

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
    fn setting(self) -> &'static str {
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
    /// Transactions with the same key take turns: the lock is taken before the first read, so
    /// that the second sees what the first has done.
    pub turn: Option<i64>,
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

    fn of(kind: ScopeKind) -> Self {
        Self {
            kind,
            organisation: None,
            subject: String::new(),
            client: String::new(),
            traceparent: None,
            deadline: None,
            turn: None,
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
        self.turn = Some(i64::from_be_bytes(first));
        self
    }

    /// Sets what row security reads, for this transaction only; gives the caller's organisation.
    pub(crate) async fn enter(
        &self,
        conn: &mut sqlx::PgConnection,
        clock: &Clock,
    ) -> Result<Option<Uuid>, sqlx::Error> {
        let fixed_now = clock.is_manual().then(|| ehub_clock::rfc3339(clock.now()));
        // A person's rights stand under their subject, a client's under the empty name.
        let person = if self.kind == ScopeKind::Person { self.subject.as_str() } else { "" };
        let remaining = self.deadline.map(|deadline| deadline.saturating_duration_since(clock.monotonic()));
        // The role's own statement timeout (3 s) is the ceiling; a nearer deadline lowers it.
        let timeout_ms = remaining.map_or(3_000, |left| left.as_millis().clamp(1, 3_000));
        let organisation: Option<String> = sqlx::query_scalar(
            "/* scope.enter */ select nullif(set_config('app.org', coalesce(\
                (select org::text from ehub.organisation where ods = $4 and valid_from <= ehub.today() \
                  order by valid_from desc limit 1), ''), true), '') \
             from (select set_config('app.kind', $1, true), set_config('app.person', $2, true), \
                set_config('app.client', $3, true), set_config('statement_timeout', $5, true), \
                set_config('app.now', $6, true), \
                case when $7::bigint is not null then pg_advisory_xact_lock($7)::text end) as settings",
        )
        .bind(self.kind.setting())
        .bind(person)
        .bind(&self.client)
        .bind(self.organisation.as_deref())
        .bind(timeout_ms.to_string())
        .bind(fixed_now.unwrap_or_default())
        .bind(self.turn)
        .fetch_one(conn)
        .await?;
        Ok(organisation.and_then(|text| Uuid::parse_str(&text).ok()))
    }
}
