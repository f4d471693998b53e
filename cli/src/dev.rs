//! `ehub dev`: the whole suite on this machine, with a morning's work played through it.

pub mod config;
pub mod databases;
pub mod issuer;
pub mod keys;
pub mod otlp;
pub mod paths;
pub mod play;
pub mod processes;
pub mod report;
pub mod seed;
pub mod suite;
pub mod world;

use std::process::ExitCode;

use crate::{arguments::DevOptions, output, session::Suite};
use paths::Paths;
use report::Report;

/// Not everything had its outcome in time.
pub const EXIT_UNFINISHED: u8 = 3;
/// An invariant is broken.
pub const EXIT_BROKEN: u8 = 1;

/// Runs it.
pub async fn run(options: DevOptions) -> anyhow::Result<ExitCode> {
    let paths = Paths::find(options.home.as_deref())?;
    let mut running = suite::start(&paths, &options).await?;
    let (outcome, interrupted_early) = tokio::select! {
        played = play_and_report(&running, &options) => (played, false),
        () = interrupted() => (Ok(ExitCode::SUCCESS), true),
    };
    if let Err(error) = &outcome {
        output::note(&format!("the morning could not be played: {error:#}"));
    }
    if !interrupted_early && !options.exit {
        output::note("the suite stays up; press Ctrl-C to stop it");
        tokio::select! {
            () = interrupted() => {}
            ended = running.watch(options.restart) => output::note(&format!("{ended:#}")),
        }
    }
    running.stop().await;
    outcome
}

async fn play_and_report(running: &suite::Running, options: &DevOptions) -> anyhow::Result<ExitCode> {
    let client = Suite::of(&running.world)?;
    seed::seed(&client, &running.world.duty).await?;
    let played = play::play(&client, running, options).await?;
    let report = Report::of(&client, running, &played).await?;
    if options.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        report.print(&running.world);
    }
    Ok(match (report.broken().is_empty(), report.unfinished.is_empty()) {
        (true, true) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(EXIT_UNFINISHED),
        (false, _) => ExitCode::from(EXIT_BROKEN),
    })
}

/// Ctrl-C or SIGTERM.
async fn interrupted() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
