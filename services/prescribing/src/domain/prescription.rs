//! A prescription as it is kept.

use std::fmt;

use ehub_identifiers::{ConsultationId, OdsCode, OrganisationId, PrescriptionId, Sctid};
use time::OffsetDateTime;

use super::{Item, State};

/// What prescribing knows of a consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consultation {
    /// Its id.
    pub id: ConsultationId,
    /// The practice the patient turned to.
    pub practice: OrganisationId,
    /// That practice's code.
    pub practice_ods: String,
}

/// A prescription.
#[derive(Clone)]
pub struct Prescription {
    /// The identity everywhere.
    pub id: PrescriptionId,
    /// The consultation it was raised for.
    pub consultation: ConsultationId,
    /// The patient's practice.
    pub practice: OrganisationId,
    /// That practice's code.
    pub practice_ods: String,
    /// The organisation that prescribes.
    pub organisation: OrganisationId,
    /// What it is charged to.
    pub cost_centre: OdsCode,
    /// Who signs it.
    pub prescriber: String,
    /// Where it stands.
    pub state: State,
    /// Grows with every change.
    pub version: i64,
    /// The id people read.
    pub short_id: String,
    /// The items, in their order.
    pub items: Vec<Item>,
    /// The pharmacy asked for.
    pub pharmacy: Option<String>,
    /// When it was raised.
    pub raised_at: OffsetDateTime,
    /// By when it must be signed.
    pub sign_by: OffsetDateTime,
    /// When it was signed.
    pub signed_at: Option<OffsetDateTime>,
    /// When EPS accepted it.
    pub issued_at: Option<OffsetDateTime>,
    /// Why EPS refused it.
    pub refusal_code: Option<String>,
}

impl fmt::Debug for Prescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prescription")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Prescription {
    /// The opaque mark of this version.
    pub fn etag(&self) -> String {
        format!("p{}", self.version)
    }

    /// Whether a record must have been seen before it is signed: controlled drugs of schedules 2
    /// to 4, and the medicines of a list.
    pub fn needs_record(&self, high_risk: &[Sctid]) -> bool {
        self.items
            .iter()
            .any(|item| item.schedule.is_some_and(super::Schedule::needs_record) || high_risk.contains(&item.medicine))
    }
}

/// Where a record was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordSource {
    /// GP Connect Access Record.
    GpConnect,
    /// Summary Care Record.
    SummaryCareRecord,
    /// The practice's own record.
    PracticeRecord,
}

impl RecordSource {
    /// Reads `GP_CONNECT`, `SCR` or `PRACTICE_RECORD`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::GpConnect, Self::SummaryCareRecord, Self::PracticeRecord]
            .into_iter()
            .find(|source| source.as_str() == text)
    }

    /// As [`RecordSource::parse`] reads it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GpConnect => "GP_CONNECT",
            Self::SummaryCareRecord => "SCR",
            Self::PracticeRecord => "PRACTICE_RECORD",
        }
    }
}

/// Which record the prescriber saw before signing, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSeen {
    /// Where.
    pub source: RecordSource,
    /// When.
    pub at: OffsetDateTime,
}
