//! Arguments of the commands for what a person must settle: transfers, entries, prescriptions, streams.

use clap::{Args, Subcommand, ValueEnum};

use super::ServiceName;

/// What to do about a transfer.
#[derive(Debug, Clone, Subcommand)]
pub enum Transfer {
    /// Take over what was passed to your organisation.
    Acknowledge {
        /// The consultation [default: the first that waits for you].
        consultation: Option<String>,
    },
}

/// Which entry, and what was done instead of sending it. Without an entry: list what needs attention.
#[derive(Debug, Clone, Args)]
pub struct Settle {
    /// `entries/{uuid}`.
    #[arg(requires = "action", requires = "note")]
    pub entry: Option<String>,
    /// What was done.
    #[arg(long, value_enum, requires = "entry")]
    pub action: Option<SettleAction>,
    /// A note on it.
    #[arg(long, value_name = "TEXT", requires = "entry")]
    pub note: Option<String>,
}

/// What was done instead of sending an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SettleAction {
    /// The practice was told by phone.
    ToldPracticeByPhone,
    /// It was sent another way.
    SentByOtherRoute,
    /// It is not to be sent.
    NotToBeSent,
}

/// Which prescription, and why.
#[derive(Debug, Clone, Args)]
pub struct VoidPrescription {
    /// `prescriptions/{uuid}` [default: the one you prepared last].
    pub prescription: Option<String>,
    /// Why.
    #[arg(long)]
    pub reason: String,
}

/// What to do about events that cannot be delivered.
#[derive(Debug, Clone, Subcommand)]
pub enum Streams {
    /// List the streams that wait for a subscriber, parked ones with what blocks them.
    List {
        /// Only of this service's outbox.
        #[arg(value_enum)]
        service: Option<ServiceName>,
        /// Also what waits without being parked.
        #[arg(long)]
        all: bool,
    },
    /// Deliver a parked stream again, in order, after its cause was mended.
    Replay(WhichStream),
    /// Leave out the event a stream is parked at: one person proposes, another agrees.
    Skip {
        /// Which stream.
        #[command(flatten)]
        which: WhichStream,
        /// The version it is parked at.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
        version: i64,
        /// Why the event may be left out.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// A stream of a service's outbox that waits for a subscriber.
#[derive(Debug, Clone, Args)]
pub struct WhichStream {
    /// The service whose outbox it is.
    #[arg(value_enum)]
    pub service: ServiceName,
    /// The service that it waits for.
    pub subscriber: String,
    /// The stream's UUID.
    pub stream: String,
}
