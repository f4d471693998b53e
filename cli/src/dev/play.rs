//! Plays a morning: patients submit, clinicians answer, the practice and the duty person do theirs.

mod clinician;
mod papers;
mod patients;
mod people;
mod settle;
mod stories;
mod submit;
mod tally;
mod withdraw;

use std::sync::Arc;

use ehub_proto::audit::v1::NoLoss;
use indicatif::ProgressBar;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::suite::Running;
use crate::{
    arguments::DevOptions,
    output,
    session::{Session, Suite},
};
use settle::Settled;
use stories::Story;
pub use tally::{Counts, Often, Tally, often};

/// What a morning came to.
pub struct Played {
    /// When it began.
    pub began: time::OffsetDateTime,
    pub counts: Counts,
    /// The proof that nothing is lost, when all was done.
    pub no_loss: NoLoss,
    /// What the proof said before this run (with `--keep`).
    pub before: NoLoss,
    /// From the first submission to the last outcome.
    pub seconds: f64,
    /// How the world came to rest, and what did not.
    pub settled: Settled,
}

/// Plays it.
pub async fn play(suite: &Suite, running: &Running, options: &DevOptions) -> anyhow::Result<Played> {
    let auditor = suite.as_persona("auditor");
    let tally = Arc::new(Tally::default());
    let before = no_loss(&auditor, &tally).await?;
    let plans = stories::plan(
        options.consultations,
        options.seed.map_or_else(|| running.clock.random::<8>(), u64::to_be_bytes),
    );
    patients::register(&running.world.demographics, &plans).await?;

    let began = running.clock.now();
    let started = running.clock.monotonic();
    let stop = CancellationToken::new();
    let bar = if options.json { ProgressBar::hidden() } else { output::bar(plans.len() as u64, "consultations") };
    let signer = Arc::new(super::keys::Signer::kept_in(&running.paths.local.join("prescriber"))?);
    let mut players = JoinSet::new();
    for (persona, skill, hands) in [("gp-anna", "gp", 3), ("gp-bert", "gp", 3), ("admin-cora", "administrator", 2)] {
        for _ in 0..hands {
            let session = suite.as_persona(persona);
            players.spawn(clinician::work(session, skill, Arc::clone(&signer), Arc::clone(&tally), stop.clone()));
        }
    }
    players.spawn(people::duty(suite.as_persona("duty-dan"), began, Arc::clone(&tally), stop.clone()));
    for practice in ["practice-alder", "practice-birch", "practice-cedar"] {
        players.spawn(people::practice(suite.as_persona(practice), Arc::clone(&tally), stop.clone()));
    }
    submit::all(suite, running, &plans, options, &tally).await?;
    let settled = settle::settle(&auditor, running, &plans, &tally, &bar).await?;
    stop.cancel();
    while let Some(player) = players.join_next().await {
        player??;
    }
    bar.finish_and_clear();
    Ok(Played {
        began,
        no_loss: no_loss(&auditor, &tally).await?,
        counts: tally.counts(),
        before,
        seconds: (running.clock.monotonic() - started).as_secs_f64(),
        settled,
    })
}

/// The proof that nothing is lost, computed now.
async fn no_loss(auditor: &Session, tally: &Tally) -> anyhow::Result<NoLoss> {
    settle::proof(auditor, tally, true).await
}
