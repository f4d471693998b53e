//! Clinical alerts: red flags that a duty person acknowledges.

use ehub_identifiers::{AlertId, ConsultationId, QuarantineId};
use time::OffsetDateTime;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertSubject {
    /// A consultation.
    Consultation(ConsultationId),
    /// A quarantined message.
    Quarantined(QuarantineId),
}

impl AlertSubject {
    /// The resource name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Consultation(id) => id.name(),
            Self::Quarantined(id) => id.name(),
        }
    }
}

/// A clinical alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it is about.
    pub subject: AlertSubject,
    /// The reference people read out; empty for a quarantined message.
    pub reference: String,
    /// Whose duty person is called, by ODS code.
    pub owner_ods: String,
    /// When it was raised.
    pub raised_at: OffsetDateTime,
    /// How often the duty person was called.
    pub calls: i32,
    /// Who acknowledged it, and when.
    pub acknowledged: Option<(String, OffsetDateTime)>,
}
