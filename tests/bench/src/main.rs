//! The load generator of `make bench`: plays whole lives, submissions and claims against a running suite and prints
//! what it measured as one JSON object.
//!
//! Rates are offered in an open loop: a latency runs from the moment a call was due, not from the moment it could be
//! sent, so that a slow answer hides nothing (coordinated omission).

mod claims;
mod drain;
mod histogram;
mod life;
mod lives;
mod open_loop;
mod patients;
mod peers;
mod signer;
mod submits;
mod suite;
mod tally;
mod tokens;

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};

/// What to do.
#[derive(Debug, Parser)]
#[command(about = "Load for the benchmark of eHub")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Serves fast stand-ins for EPS, demographics and MESH until its standard input is closed.
    Peers {
        /// File to write the addresses to.
        #[arg(long)]
        ready: PathBuf,
    },
    /// Plays whole lives as fast as they go, so many at once.
    Lives {
        #[command(flatten)]
        target: Target,
        /// For how long new ones are submitted.
        #[arg(long, default_value_t = 20.0)]
        seconds: f64,
        /// How many are under way at once.
        #[arg(long, default_value_t = 48)]
        at_once: usize,
        /// Clinicians at work.
        #[arg(long, default_value_t = 24)]
        clinicians: usize,
    },
    /// Submits at a rate, or, without one, as fast as answers come.
    Submits {
        #[command(flatten)]
        target: Target,
        #[arg(long, default_value_t = 10.0)]
        seconds: f64,
        /// Calls a second.
        #[arg(long)]
        rate: Option<f64>,
        /// Callers, when there is no rate.
        #[arg(long, default_value_t = 48)]
        callers: usize,
    },
    /// Claims the next item at a rate, or, without one, as fast as answers come.
    Claims {
        #[command(flatten)]
        target: Target,
        #[arg(long, default_value_t = 10.0)]
        seconds: f64,
        /// Calls a second.
        #[arg(long)]
        rate: Option<f64>,
        /// Claimers.
        #[arg(long, default_value_t = 64)]
        callers: usize,
    },
    /// Verifies tokens alone, as a service does: ones never seen, and one seen before.
    Tokens {
        /// The configuration of a service.
        #[arg(long)]
        config: PathBuf,
        /// A list of tokens, in JSON.
        #[arg(long)]
        tokens: PathBuf,
    },
}

/// The suite that is measured.
#[derive(Debug, clap::Args)]
struct Target {
    /// The file `ehub dev` wrote.
    #[arg(long)]
    world: PathBuf,
    /// The superuser's database URL: whether everything is delivered is read past the services.
    #[arg(long, default_value = "")]
    admin: String,
    /// Tokens by persona, each to be used for one call; without, one token is used until it ages.
    #[arg(long)]
    tokens: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("the crypto provider was chosen already"))?;
    // One thread of load: the machine is the services'.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let report = runtime.block_on(run(arguments.what))?;
    if let Some(report) = report {
        use std::io::Write as _;
        writeln!(std::io::stdout(), "{report}")?;
    }
    Ok(())
}

async fn run(what: What) -> anyhow::Result<Option<serde_json::Value>> {
    let report = match what {
        What::Peers { ready } => {
            peers::serve(&ready).await?;
            return Ok(None);
        }
        What::Lives { target, seconds, at_once, clinicians } => {
            let suite = suite::Suite::open(&target.world, target.tokens.as_deref()).await?;
            let drain = drain::Drain::open(&suite.world, &target.admin).await?;
            let plan = lives::Plan { time: Duration::from_secs_f64(seconds), at_once, clinicians };
            lives::run(suite, &drain, plan).await?
        }
        What::Submits { target, seconds, rate, callers } => {
            let suite = suite::Suite::open(&target.world, target.tokens.as_deref()).await?;
            let drain = drain::Drain::open(&suite.world, &target.admin).await?;
            let load = open_loop::Load { time: Duration::from_secs_f64(seconds), rate, callers };
            submits::run(suite, &drain, load).await?
        }
        What::Claims { target, seconds, rate, callers } => {
            let suite = suite::Suite::open(&target.world, target.tokens.as_deref()).await?;
            let load = open_loop::Load { time: Duration::from_secs_f64(seconds), rate, callers };
            claims::run(suite, load).await?
        }
        What::Tokens { config, tokens } => tokens::run(&config, &tokens).await?,
    };
    Ok(Some(report))
}
