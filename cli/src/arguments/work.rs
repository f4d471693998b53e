//! Arguments of the commands that work through an inbox.

use clap::{Args, ValueEnum};
use ehub_config::HumanDuration;

/// What to list.
#[derive(Debug, Clone, Args)]
pub struct Inbox {
    /// Only what you have claimed.
    #[arg(long)]
    pub mine: bool,
    /// Stay and print what changes, a line each, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_name = "N", conflicts_with = "watch")]
    pub limit: usize,
}

/// What to claim.
#[derive(Debug, Clone, Args)]
pub struct Claim {
    /// `consultations/{uuid}`, the UUID alone, or the reference; without it, the next one.
    #[arg(conflicts_with_all = ["skills", "practices", "wait"])]
    pub consultation: Option<String>,
    /// What you do today [default: your role].
    #[arg(long = "skill", value_name = "SKILL")]
    pub skills: Vec<String>,
    /// Only from this practice, by ODS code.
    #[arg(long = "practice", value_name = "ODS")]
    pub practices: Vec<String>,
    /// Wait so long for something to claim, such as `30s`; then exit code 3.
    #[arg(long, value_name = "TIME")]
    pub wait: Option<HumanDuration>,
}

/// How it ended.
#[derive(Debug, Clone, Args)]
pub struct Complete {
    /// The consultation [default: the one you claimed last].
    pub consultation: Option<String>,
    /// What was done [default: advice-given; administration-done for an administrative need].
    #[arg(long, value_enum)]
    pub outcome: Option<OutcomeName>,
    /// A short note for the practice.
    #[arg(long, default_value = "")]
    pub note: String,
    /// How the patient was told.
    #[arg(long, value_enum, default_value_t = ToldBy::Phone)]
    pub told_by: ToldBy,
    /// When the patient was told, RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    pub told_at: Option<String>,
    /// The record seen before deciding.
    #[arg(long, value_name = "SOURCE", default_value = "GP_CONNECT", conflicts_with = "record_not_seen")]
    pub record_seen: String,
    /// Why no record was seen: `UNAVAILABLE` or `NOT_NEEDED`.
    #[arg(long, value_name = "REASON")]
    pub record_not_seen: Option<String>,
    /// For an emergency: how it was made safe.
    #[arg(long, value_enum)]
    pub safe: Option<SafeName>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutcomeName {
    /// Advice; clinical.
    AdviceGiven,
    /// Treatment; clinical.
    Treated,
    /// A fit note made elsewhere and recorded; clinical.
    FitNote,
    /// Sent to urgent or emergency care; clinical.
    UrgentCare,
    /// Administration.
    AdministrationDone,
    /// Another service named.
    Signposted,
}

/// How the patient was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ToldBy {
    /// By phone.
    Phone,
    /// By message.
    Message,
    /// By video.
    Video,
    /// In person.
    InPerson,
}

/// How an emergency was made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SafeName {
    /// Spoke to the patient.
    SpokeToPatient,
    /// An ambulance was called.
    AmbulanceCalled,
    /// In an emergency department.
    InEmergencyDepartment,
    /// Assessed as safe.
    AssessedSafe,
}

/// What to give back.
#[derive(Debug, Clone, Args)]
pub struct Release {
    /// The consultation [default: the one you claimed last].
    pub consultation: Option<String>,
}

/// Whose claim to end.
#[derive(Debug, Clone, Args)]
pub struct Override {
    /// The consultation.
    pub consultation: String,
    /// Why; whoever held it reads it.
    #[arg(long)]
    pub reason: String,
}

/// What to pass back.
#[derive(Debug, Clone, Args)]
pub struct PassBack {
    /// The consultation [default: the one you claimed last].
    pub consultation: Option<String>,
    /// Why; the practice reads it.
    #[arg(long)]
    pub reason: String,
    /// For an emergency: how it was made safe.
    #[arg(long, value_enum)]
    pub safe: Option<SafeName>,
}

/// Which alert.
#[derive(Debug, Clone, Args)]
pub struct Acknowledge {
    /// `alerts/{uuid}` [default: the first that nobody has acknowledged].
    pub alert: Option<String>,
}

/// What to withdraw.
#[derive(Debug, Clone, Args)]
pub struct Withdraw {
    /// The consultation.
    pub consultation: String,
    /// Why.
    #[arg(long, value_enum, default_value_t = WithdrawReason::Better)]
    pub reason: WithdrawReason,
}

/// Why a patient withdraws.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum WithdrawReason {
    /// Better by now.
    Better,
    /// Seen by somebody else.
    SeenElsewhere,
    /// It was a mistake.
    ByMistake,
    /// Anything else.
    Other,
}
