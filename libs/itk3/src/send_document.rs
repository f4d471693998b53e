//! GP Connect Send Document: the hub's consultation report to the patient's practice, a PDF with enough structure to
//! match the patient and file it.

mod build;
mod parse;

use std::fmt;

use time::OffsetDateTime;

use crate::envelope::Envelope;
use crate::error::MessageError;
use crate::people::{Organisation, Patient, Practitioner};
use crate::xml;

/// The use case of a consultation report (Send Document 1.x).
pub const LOCAL_EXTENSION: &str = "SendDocument-ConsultationReport";

/// Composition.type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DocumentType {
    /// 371531000 *Report of clinical encounter* (1.x).
    #[default]
    ClinicalEncounterReport,
    /// 149701000000109 *Remote health correspondence* (2.x).
    RemoteHealthCorrespondence,
}

impl DocumentType {
    /// SNOMED CT code.
    pub fn code(self) -> &'static str {
        match self {
            Self::ClinicalEncounterReport => "371531000",
            Self::RemoteHealthCorrespondence => "149701000000109",
        }
    }

    /// SNOMED CT term.
    pub fn display(self) -> &'static str {
        match self {
            Self::ClinicalEncounterReport => "Report of clinical encounter",
            Self::RemoteHealthCorrespondence => "Remote health correspondence",
        }
    }
}

/// The encounter the report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encounter {
    /// SNOMED CT encounter type.
    pub type_code: String,
    /// Its term.
    pub type_display: String,
    /// Start.
    pub start: Option<OffsetDateTime>,
    /// End.
    pub end: Option<OffsetDateTime>,
}

/// A consultation report.
#[derive(Clone, PartialEq, Eq)]
pub struct SendDocument {
    /// The outside of the message.
    pub envelope: Envelope,
    /// Identifier of the inner document: stable for this version of this entry.
    pub document_id: String,
    /// Version, from 1; part of the MESH subject and the narrative.
    pub version: u32,
    /// The document id this version completely replaces.
    pub replaces: Option<String>,
    /// Title shown in the practice's inbox.
    pub title: String,
    /// Kind of document.
    pub document_type: DocumentType,
    /// Composition.date.
    pub composed_at: OffsetDateTime,
    /// `N`; the receiver rejects `R` with 20009, and this suite never sends it.
    pub confidentiality: String,
    /// Human-readable summary line(s).
    pub narrative: Option<String>,
    /// The patient.
    pub patient: Patient,
    /// The clinician.
    pub practitioner: Practitioner,
    /// Where the patient was seen: the custodian.
    pub organisation: Organisation,
    /// The encounter.
    pub encounter: Option<Encounter>,
    /// The document.
    pub pdf: Vec<u8>,
}

impl fmt::Debug for SendDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendDocument")
            .field("bundle_id", &self.envelope.bundle_id)
            .field("header_id", &self.envelope.header_id)
            .field("document_id", &self.document_id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl SendDocument {
    /// Reads a consultation report.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        parse::document(&xml::parse(bytes)?)
    }

    /// Writes the report. The same report always gives the same bytes.
    pub fn to_xml(&self) -> Vec<u8> {
        xml::to_bytes(&build::document(self))
    }

    /// The national subject line: `{title} for {patient}, NHS Number: {n}, seen at {place}, {ods}, Version: {v}`.
    pub fn mesh_subject(&self) -> String {
        self.summary_line(": ")
    }

    /// The sentence the national example has as the narrative; also used when none is given.
    pub fn summary(&self) -> String {
        self.summary_line(" ")
    }

    fn summary_line(&self, separator: &str) -> String {
        format!(
            "{title} for {patient}, NHS Number{separator}{number}, seen at {place}, {ods}, Version{separator}{version}",
            title = self.title,
            patient = self.patient.name.display(),
            number = self.patient.nhs_number.as_deref().unwrap_or("not known"),
            place = self.organisation.name.as_deref().unwrap_or("not named"),
            ods = self.organisation.ods_code,
            version = self.version,
        )
    }
}
