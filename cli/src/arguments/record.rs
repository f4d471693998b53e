//! Arguments of the commands that write: entries and prescriptions.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ehub_config::HumanDuration;

/// What to file. Without any content: a made-up entry that a practice would accept.
#[derive(Debug, Clone, Args)]
pub struct FileEntry {
    /// The consultation [default: the one you claimed last].
    pub consultation: Option<String>,
    /// The content as JSON, with the names of EntryContent; `-` reads stdin.
    #[arg(long, value_name = "JSON")]
    pub file: Option<PathBuf>,
    /// Text under a heading, such as `assessment=Viral sore throat`.
    #[arg(long = "heading", value_name = "KEY=TEXT", value_parser = pair)]
    pub headings: Vec<(String, String)>,
    /// A coded problem, such as `195662009=Acute viral pharyngitis`.
    #[arg(long = "problem", value_name = "CONCEPT=TERM", value_parser = pair)]
    pub problems: Vec<(String, String)>,
    /// A coded finding.
    #[arg(long = "finding", value_name = "CONCEPT=TERM", value_parser = pair)]
    pub findings: Vec<(String, String)>,
    /// A coded procedure.
    #[arg(long = "procedure", value_name = "CONCEPT=TERM", value_parser = pair)]
    pub procedures: Vec<(String, String)>,
    /// What happens next.
    #[arg(long, value_name = "TEXT")]
    pub follow_up: Option<String>,
    /// Hide it from the patient's online record, as the patient asked.
    #[arg(long)]
    pub hide: bool,
    /// Replace this entry: `entries/{uuid}`, with `--etag`.
    #[arg(long, value_name = "ENTRY", requires = "etag")]
    pub replace: Option<String>,
    /// The etag that was given last.
    #[arg(long, requires = "replace")]
    pub etag: Option<String>,
}

/// What to prescribe. Without an item: a made-up one.
#[derive(Debug, Clone, Args)]
pub struct Prescribe {
    /// The consultation [default: the one you claimed last].
    pub consultation: Option<String>,
    /// The items as a JSON array, with the names of Item; `-` reads stdin.
    #[arg(long, value_name = "JSON")]
    pub file: Option<PathBuf>,
    /// The cost centre it is charged to, by ODS code [default: the development hub's].
    #[arg(long, value_name = "ODS")]
    pub cost_centre: Option<String>,
    /// The pharmacy, by ODS code [default: the patient's nomination].
    #[arg(long, value_name = "ODS", default_value = "")]
    pub pharmacy: String,
    /// Why the same medicine may be issued again within 28 days.
    #[arg(long, value_name = "REASON", default_value = "")]
    pub again_because: String,
    /// Only raise it; do not ask EPS to prepare it.
    #[arg(long)]
    pub no_prepare: bool,
}

/// What to sign.
#[derive(Debug, Clone, Args)]
pub struct Sign {
    /// `prescriptions/{uuid}` [default: the one you prepared last].
    pub prescription: Option<String>,
    /// The record seen before signing.
    #[arg(long, value_enum, default_value_t = RecordSource::GpConnect)]
    pub record_seen: RecordSource,
    /// Why the same medicine may be issued again, when one was issued since this was raised.
    #[arg(long, value_name = "REASON", default_value = "")]
    pub again_because: String,
    /// Only sign it; do not issue it.
    #[arg(long)]
    pub no_issue: bool,
    /// How long to wait for EPS to accept it; then exit code 3.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub wait: HumanDuration,
}

/// A record that can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordSource {
    /// GP Connect.
    GpConnect,
    /// The Summary Care Record.
    Scr,
    /// The practice's own record.
    PracticeRecord,
    /// No record was seen.
    None,
}

/// `KEY=TEXT`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("two parts with = between them are wanted".to_owned()),
    }
}

/// Which document to write.
#[derive(Debug, Clone, Args)]
pub struct Document {
    /// `entries/{uuid}`, or the UUID alone.
    pub entry: String,
    /// The message as stored rather than the PDF.
    #[arg(long)]
    pub message: bool,
}
