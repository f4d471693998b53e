//! The GP Connect online consultation report (Send Document, use case "online consultation"): what a patient told an
//! online consultation system, as a PDF and, in the later edition, as structured answers.
//!
//! The parser is tolerant: what is missing or untidy becomes a [`Note`], and only a message that cannot be attributed
//! to a patient is refused.

mod build;
mod parse;
mod urgency;

use std::fmt;

use time::OffsetDateTime;

pub use urgency::{Need, Priority};

pub(crate) use parse::is_online_consultation;

use crate::answer::Answer;
use crate::attachment::Attachment;
use crate::envelope::Envelope;
use crate::error::MessageError;
use crate::note::Note;
use crate::people::{Organisation, Patient, Submitter};
use crate::xml;

/// Composition.type: patient information received using a GP online consultation system.
pub const DOCUMENT_TYPE: &str = "149951000000107";
/// The use case in the handling extension.
pub const LOCAL_EXTENSION: &str = "SendDocument-OnlineConsultationReport";

/// Which edition of the national message this is, judged by what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edition {
    /// A document with a PDF and no answers (GP Connect Messaging 1.4).
    Report,
    /// A document with questionnaire answers (the later guide).
    #[default]
    Structured,
}

/// A coded statement that is neither an answer nor free text: a measurement, an allergy, a medicine.
#[derive(Clone, PartialEq, Eq)]
pub struct Statement {
    /// FHIR resource it came from, for example `Observation`.
    pub kind: String,
    /// SNOMED CT code, when coded.
    pub code: Option<String>,
    /// What it says.
    pub display: String,
    /// Its value as text, when it has one.
    pub value: Option<String>,
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// An online consultation.
#[derive(Clone, PartialEq, Eq)]
pub struct OnlineConsultation {
    /// The outside of the message.
    pub envelope: Envelope,
    /// Edition, set by the parser.
    pub edition: Edition,
    /// Identifier of the inner document.
    pub document_id: Option<String>,
    /// Composition.date.
    pub composed_at: Option<OffsetDateTime>,
    /// When the patient finished the questionnaire.
    pub authored_at: Option<OffsetDateTime>,
    /// Composition.title.
    pub title: Option<String>,
    /// `N` normal, `R` restricted.
    pub confidentiality: Option<String>,
    /// The patient.
    pub patient: Patient,
    /// Who filled it in.
    pub submitter: Submitter,
    /// The organisation in charge of the document.
    pub custodian: Option<Organisation>,
    /// Urgency as the sender sees it.
    pub priority: Option<Priority>,
    /// Kind of need, when the sender says so.
    pub need: Option<Need>,
    /// Topic the patient chose.
    pub topic: Option<String>,
    /// Which questionnaire the answers belong to.
    pub questionnaire: Option<String>,
    /// Answers in order.
    pub answers: Vec<Answer>,
    /// What the patient wrote in their own words.
    pub free_text: Option<String>,
    /// Further coded content.
    pub statements: Vec<Statement>,
    /// Text of the human-readable narrative.
    pub narrative: Option<String>,
    /// The PDF rendering.
    pub pdf: Option<Vec<u8>>,
    /// Every other attachment.
    pub attachments: Vec<Attachment>,
    /// What the parser forgave.
    pub notes: Vec<Note>,
}

impl fmt::Debug for OnlineConsultation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnlineConsultation")
            .field("bundle_id", &self.envelope.bundle_id)
            .field("header_id", &self.envelope.header_id)
            .field("edition", &self.edition)
            .field("answers", &self.answers.len())
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

impl OnlineConsultation {
    /// Reads a message.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        parse::consultation(&xml::parse(bytes)?)
    }

    /// Writes the message. `edition` and `notes` are not written: they describe a reading.
    pub fn to_xml(&self) -> Vec<u8> {
        xml::to_bytes(&build::consultation(self))
    }

    /// The MESH subject of the national guide: `Online consultation report for {name}, NHS Number {n}, ODS Code {ods}`.
    pub fn mesh_subject(&self) -> String {
        let sender = self.envelope.sender.as_ref().map(|sender| sender.ods_code.as_str());
        format!(
            "Online consultation report for {}, NHS Number {}, ODS Code {}",
            self.patient.name.display(),
            self.patient.nhs_number.as_deref().unwrap_or("not known"),
            sender.unwrap_or("not known"),
        )
    }
}
