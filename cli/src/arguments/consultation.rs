//! Arguments of the commands about a consultation as such.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::record::pair;

/// What to submit. Without any content: a made-up patient with a made-up request.
#[derive(Debug, Clone, Args)]
pub struct Submit {
    /// The practice the patient turned to, by ODS code [default: the file's, or A81001].
    #[arg(long, value_name = "ODS")]
    pub practice: Option<String>,
    /// How it came: `online` (a supplier), `phone` or `desk` (the practice's staff).
    #[arg(long, value_parser = ["online", "phone", "desk"])]
    pub channel: Option<String>,
    /// The supplier's own reference.
    #[arg(long, value_name = "TEXT")]
    pub supplier_reference: Option<String>,
    /// When the patient made contact, RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    pub first_contact: Option<String>,
    /// One UUID for one intent: the same again gets the same answer.
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<String>,
    /// Do not tell the development demographics service of the patient first.
    #[arg(long)]
    pub untraced: bool,
    /// Who and what.
    #[command(flatten)]
    pub who_and_what: PersonAndContent,
}

/// Who a consultation is for and what is asked.
#[derive(Debug, Clone, Default, Args)]
pub struct PersonAndContent {
    /// Everything as JSON, with the names of the request message; `-` reads stdin.
    #[arg(long, value_name = "JSON", conflicts_with = "sample")]
    pub file: Option<PathBuf>,
    /// A made-up patient and request; what else is given here replaces parts of it.
    #[arg(long, value_enum)]
    pub sample: Option<Sample>,
    /// The patient's NHS number.
    #[arg(long, value_name = "NUMBER")]
    pub nhs_number: Option<String>,
    /// The patient's family name.
    #[arg(long, value_name = "NAME")]
    pub family_name: Option<String>,
    /// The patient's given names.
    #[arg(long, value_name = "NAMES")]
    pub given_names: Option<String>,
    /// The patient's birth date.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub birth_date: Option<String>,
    /// A phone number for contact.
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// What is asked for.
    #[arg(long, value_parser = ["clinical", "administrative", "clinical-administrative"])]
    pub need: Option<String>,
    /// A short topic, such as `back-pain`.
    #[arg(long)]
    pub topic: Option<String>,
    /// The patient's own words.
    #[arg(long)]
    pub text: Option<String>,
    /// An answer of the questionnaire; several may be given.
    #[arg(long = "answer", value_name = "QUESTION=ANSWER", value_parser = pair)]
    pub answers: Vec<(String, String)>,
    /// The content is restricted.
    #[arg(long)]
    pub restricted: bool,
}

/// A made-up request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sample {
    /// A sore throat.
    Routine,
    /// Chest pain: screening raises an alert.
    Emergency,
    /// A letter somebody needs.
    Administrative,
}

/// Whose state.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// The reference on the receipt; case, spaces and hyphens do not matter.
    pub reference: String,
    /// The patient's birth date.
    #[arg(value_name = "YYYY-MM-DD")]
    pub birth_date: String,
}

/// What to show.
#[derive(Debug, Clone, Args)]
pub struct ShowConsultation {
    /// `consultations/{uuid}`, the UUID alone, or the reference [default: the one you claimed last].
    pub consultation: Option<String>,
}

/// What to do about what could not become a consultation.
#[derive(Debug, Clone, Subcommand)]
pub enum Quarantine {
    /// List it, most urgent first.
    List {
        /// Also what is settled.
        #[arg(long)]
        all: bool,
    },
    /// Show one, or what arrived.
    Show(ShowQuarantined),
    /// Make a consultation of one, with what a person read in it.
    Convert(Box<Convert>),
}

/// Which to show, and what of it.
#[derive(Debug, Clone, Args)]
pub struct ShowQuarantined {
    /// `quarantined/{uuid}`, or the UUID alone.
    pub name: String,
    /// The message as it arrived, byte for byte.
    #[arg(long)]
    pub raw: bool,
    /// The PDF in it.
    #[arg(long, conflicts_with = "raw")]
    pub pdf: bool,
}

/// What to convert.
#[derive(Debug, Clone, Args)]
pub struct Convert {
    /// `quarantined/{uuid}`.
    pub name: String,
    /// The enrolled practice it was meant for, by ODS code.
    #[arg(long, value_name = "ODS")]
    pub practice: Option<String>,
    /// Who and what.
    #[command(flatten)]
    pub who_and_what: PersonAndContent,
}
