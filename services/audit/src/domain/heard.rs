//! One event as it is heard: how it is logged, and what it says.

use std::fmt;

use ehub_identifiers::{ConsultationId, EventId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::fact::Fact;

/// An event, decoded.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Its id.
    pub id: EventId,
    /// The service that says so.
    pub source: String,
    /// Its stream at the source.
    pub stream: Uuid,
    /// Its version in the stream.
    pub version: i64,
    /// Full protobuf name of the body.
    pub kind: String,
    /// When it became true.
    pub at: OffsetDateTime,
    /// Where the work is traced.
    pub traceparent: Option<String>,
    /// The consultations it concerns, in order of their ids, each once.
    pub consultations: Vec<ConsultationId>,
    /// Who did what.
    pub act: Act,
    /// What it says.
    pub fact: Fact,
}

impl Heard {
    /// The consultation whose stream this is, if it is one's.
    pub fn streaming(&self) -> Option<ConsultationId> {
        self.consultations.iter().copied().find(|consultation| consultation.uuid() == self.stream)
    }
}

/// Who did what, for whom, and how it ended.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// The caller's request id, when it was a call.
    pub request_id: String,
    /// Who, by subject; empty for a service itself.
    pub actor: String,
    /// Their name, as at that time.
    pub actor_name: String,
    /// Their role, as at that time.
    pub actor_role: String,
    /// Their organisation, by ODS code.
    pub organisation_ods: String,
    /// The client that carried the call.
    pub client: String,
    /// On whose behalf, by ODS code.
    pub on_behalf_of_ods: String,
    /// The RPC, or the kind of the event.
    pub action: String,
    /// `OK`, or the reason of a refusal.
    pub outcome: String,
    /// Another resource it concerns, by name.
    pub subject: String,
    /// A detail from a closed set, such as a state.
    pub detail: String,
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of people stay out of logs.
        f.debug_struct("Act").field("action", &self.action).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl Act {
    /// The act of a service: something became true.
    pub fn of_service(kind: &str) -> Self {
        Self { action: kind.to_owned(), outcome: "OK".to_owned(), ..Self::default() }
    }

    /// The same act, of a person.
    #[must_use]
    pub fn by(mut self, subject: impl Into<String>) -> Self {
        self.actor = subject.into();
        self
    }

    /// The same act, about a resource.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The same act, with a detail.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}
