//! What can be typed after `ehub`.

mod consultation;
mod operate;
mod operators;
mod record;
mod work;

use std::path::PathBuf;

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

pub use consultation::{
    Convert, PersonAndContent, Quarantine, Sample, ShowConsultation, ShowQuarantined, Status, Submit,
};
pub use operate::{
    Audit, Completions, DevOptions, MigrateOptions, NoLossOptions, Prove, Serve, ServiceName, Timeline, Token, Verify,
};
pub use operators::{Settle, SettleAction, Streams, Transfer, VoidPrescription, WhichStream};
pub use record::{Document, FileEntry, Prescribe, RecordSource, Sign};
pub use work::{
    Acknowledge, Claim, Complete, Inbox, OutcomeName, Override, PassBack, Release, SafeName, ToldBy, Withdraw,
    WithdrawReason,
};

use crate::{dev::world::PERSONAS, output::Format};

const AFTER_HELP: &str = "\
Exit codes:
  0   done
  1   a bug, or something nobody foresaw
  2   wrong usage
  3   not finished in time
  4   refused by the service, or what was checked does not hold
  5   a service, the issuer or the database cannot be reached
  64  a configuration file is wrong

Data goes to stdout, everything else to stderr. NO_COLOR turns colours off.
Start with `make run`, then in another terminal: ehub submit, ehub claim, ehub file, ehub complete.";

/// Runs eHub on this machine, calls it as any of its people, and looks into it.
#[derive(Debug, Parser)]
#[command(name = "ehub", version, about, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Arguments {
    /// How data is printed; JSON has a stable shape, with the names of the contract.
    #[arg(long, global = true, value_enum, env = "EHUB_OUTPUT", help_heading = "Everywhere")]
    pub output: Option<Format>,
    /// Whom to call as; each command has somebody sensible. `ehub token` lists them.
    #[arg(
        long = "as",
        global = true,
        value_name = "PERSONA",
        env = "EHUB_AS",
        value_parser = persona_names(),
        help_heading = "Everywhere"
    )]
    pub persona: Option<String>,
    /// The file about the running suite [default: .local/ehub.json of the clone].
    #[arg(long, global = true, value_name = "FILE", env = "EHUB_WORLD", help_heading = "Everywhere")]
    pub world: Option<PathBuf>,
    /// No progress and no hints on stderr.
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole suite here and play a morning of consultations through it.
    Dev(DevOptions),
    /// Run one service, as its own program would.
    Serve(Serve),
    /// Print an access token for somebody, or list whom there is.
    Token(Token),
    /// Submit a consultation and print the receipt.
    Submit(Submit),
    /// List what waits in your pools, or what you have claimed.
    Inbox(Inbox),
    /// Claim the next consultation, or one by name or reference.
    Claim(Claim),
    /// Show a consultation with its content, entries and prescriptions.
    Show(ShowConsultation),
    /// File the coded entry of a claimed consultation.
    File(FileEntry),
    /// Write the document that was made of an entry to standard output: the PDF, or the message it travels in.
    Document(Document),
    /// Raise a prescription and have EPS prepare it for signing.
    Prescribe(Prescribe),
    /// Sign a prepared prescription with the development signer, and issue it.
    Sign(Sign),
    /// Close a claimed consultation with an outcome.
    Complete(Complete),
    /// Give a claimed consultation back to its pool.
    Release(Release),
    /// Withdraw a consultation for its patient.
    Withdraw(Withdraw),
    /// End the claim of a colleague, with a reason: the consultation goes back to its pool.
    Override(Override),
    /// Pass a claimed consultation back to the patient's practice.
    PassBack(PassBack),
    /// Take over what was passed to your organisation.
    #[command(subcommand)]
    Transfer(Transfer),
    /// Settle an entry that needs attention, or list those that do.
    Settle(Settle),
    /// Withdraw a prescription that has not been issued.
    Void(VoidPrescription),
    /// What operators do about events that cannot be delivered.
    #[command(subcommand)]
    Streams(Streams),
    /// Ask for the public state of a consultation, as a patient's app does.
    Status(Status),
    /// Print a consultation's whole story.
    Timeline(Timeline),
    /// List clinical alerts.
    Alerts,
    /// Acknowledge a clinical alert.
    Ack(Acknowledge),
    /// What arrived and could not become a consultation.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// Verify the log, prove an event, or see that nothing is lost.
    #[command(subcommand)]
    Audit(Audit),
    /// Bring databases to the newest schema.
    Migrate(MigrateOptions),
    /// Look whether this machine and the running suite are well, and say what to do.
    Doctor,
    /// Print a completion script for a shell.
    Completions(Completions),
}

/// The names `--as` takes.
pub fn persona_names() -> PossibleValuesParser {
    PossibleValuesParser::new(PERSONAS.map(|persona| persona.name))
}

#[cfg(test)]
mod tests;
