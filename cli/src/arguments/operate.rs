//! Arguments of the commands that run the suite and look into it.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::persona_names;

/// How `ehub dev` plays.
#[derive(Debug, Clone, Args)]
pub struct DevOptions {
    /// How many consultations to play.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub consultations: usize,
    /// How many to submit a second.
    #[arg(long, value_name = "R", default_value_t = 20.0, value_parser = rate)]
    pub rate: f64,
    /// Stop when the morning is over instead of staying up.
    #[arg(long)]
    pub exit: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Keep the databases of the run before.
    #[arg(long)]
    pub keep: bool,
    /// Keep this run's files and its database cluster here instead of in `.local`, beside other runs.
    #[arg(long, value_name = "DIR", env = "EHUB_HOME")]
    pub home: Option<PathBuf>,
    /// Start again what ends by itself while the suite stays up, as an orchestrator would.
    #[arg(long, conflicts_with = "exit")]
    pub restart: bool,
    /// Trust this issuer too: a TOML file with the keys of one element of `auth.issuers`. May be given again.
    #[arg(long, value_name = "FILE", env = "EHUB_DEV_ISSUER")]
    pub issuer: Vec<PathBuf>,
    /// The same morning again: the seed of names and stories.
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// No progress; set from the option of that name that every command has.
    #[arg(skip)]
    pub quiet: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "a number is wanted".to_owned())?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("a number above 0 is wanted".to_owned()) }
}

/// The five services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServiceName {
    /// Receives consultations.
    Intake,
    /// Gives them out and closes them.
    Allocation,
    /// Sends entries to practices.
    Writeback,
    /// Issues prescriptions.
    Prescribing,
    /// Keeps the log.
    Audit,
}

impl ServiceName {
    /// All of them, in the order they are named everywhere.
    pub const ALL: [Self; 5] = [Self::Intake, Self::Allocation, Self::Writeback, Self::Prescribing, Self::Audit];

    /// The name in configuration, roles and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Allocation => "allocation",
            Self::Writeback => "writeback",
            Self::Prescribing => "prescribing",
            Self::Audit => "audit",
        }
    }
}

/// Which service to run, and its own arguments.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true)]
pub struct Serve {
    /// The service.
    #[arg(value_enum)]
    pub service: ServiceName,
    /// What the service's own program takes, such as `--config FILE`, `migrate`, `--check-config`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}

impl Serve {
    /// The command line as the service's own program would see it.
    pub fn command_line(&self) -> Vec<OsString> {
        let name = OsString::from(format!("ehub-{}", self.service.as_str()));
        std::iter::once(name).chain(self.arguments.iter().cloned()).collect()
    }
}

/// Whose token.
#[derive(Debug, Clone, Args)]
pub struct Token {
    /// Whose; without it, everybody there is.
    #[arg(value_parser = persona_names())]
    pub persona: Option<String>,
}

/// Whose story.
#[derive(Debug, Clone, Args)]
pub struct Timeline {
    /// `consultations/{uuid}`, the UUID alone, or the reference.
    pub consultation: String,
}

/// What to ask of audit.
#[derive(Debug, Clone, Subcommand)]
pub enum Audit {
    /// Verify the whole log with the public key alone: online, or from files.
    Verify(Verify),
    /// Prove that an event is in the log.
    Prove(Prove),
    /// Show the proof that nothing is lost.
    NoLoss(NoLossOptions),
}

/// What to verify.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// A signed checkpoint, as a file.
    #[arg(long, value_name = "FILE", requires = "leaves", requires = "key")]
    pub checkpoint: Option<PathBuf>,
    /// Leaves, as a file: one a line in base64, from the first.
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    pub leaves: Option<PathBuf>,
    /// The signer's public key (C2SP vkey) or a file with it; online, the key you trust.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// Also keep what was fetched in this folder, for verifying elsewhere.
    #[arg(long, value_name = "FOLDER", conflicts_with = "checkpoint")]
    pub save: Option<PathBuf>,
}

/// Which event.
#[derive(Debug, Clone, Args)]
pub struct Prove {
    /// The event's UUID; `ehub timeline` shows them.
    pub event: String,
    /// The signer's public key you trust (C2SP vkey); without it, the one the service gives.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
}

/// Which proof.
#[derive(Debug, Clone, Args)]
pub struct NoLossOptions {
    /// Give the last proof rather than compute it now.
    #[arg(long)]
    pub last: bool,
}

/// Which databases.
#[derive(Debug, Clone, Args)]
pub struct MigrateOptions {
    /// Only this service.
    #[arg(value_enum)]
    pub service: Option<ServiceName>,
    /// The database as its owner, instead of the running suite's; with one service.
    #[arg(long, requires = "service", value_name = "URL", env = "EHUB_MIGRATE_URL", hide_env_values = true)]
    pub url: Option<String>,
    /// A file with that URL, as Kubernetes mounts secrets; with one service.
    #[arg(long, requires = "service", conflicts_with = "url", value_name = "FILE")]
    pub url_file: Option<PathBuf>,
}

/// Which shell.
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}
