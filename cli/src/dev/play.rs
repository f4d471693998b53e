//! Plays a morning: patients submit, clinicians answer, the practice and the duty person do theirs.

mod clinician;
mod patients;
mod people;
mod stories;
mod submit;
mod tally;

use std::{sync::Arc, time::Duration};

use ehub_proto::audit::v1::{GetNoLossRequest, NoLoss};
use indicatif::ProgressBar;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::suite::Running;
use crate::{
    arguments::DevOptions,
    output,
    session::{Session, Suite},
    waiting::{deadline, expired},
};
use stories::Plan;
pub use stories::Story;
pub use tally::{Counts, Tally};

/// How long after the last submission everything must have its outcome.
const PATIENCE: Duration = Duration::from_secs(120);

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
    /// What had no outcome in time.
    pub unfinished: Vec<String>,
}

/// Plays it.
pub async fn play(suite: &Suite, running: &Running, options: &DevOptions) -> anyhow::Result<Played> {
    let auditor = suite.as_persona("auditor");
    let before = no_loss(&auditor).await?;
    let plans = stories::plan(
        options.consultations,
        options.seed.map_or_else(|| running.clock.random::<8>(), u64::to_be_bytes),
    );
    patients::register(&running.world.demographics, &plans).await?;

    let began = running.clock.now();
    let started = running.clock.monotonic();
    let tally = Arc::new(Tally::default());
    let stop = CancellationToken::new();
    let bar = if options.json { ProgressBar::hidden() } else { output::bar(plans.len() as u64, "consultations") };
    let mut players = JoinSet::new();
    for (persona, skill, hands) in [("gp-anna", "gp", 3), ("gp-bert", "gp", 3), ("admin-cora", "administrator", 2)] {
        for _ in 0..hands {
            let session = suite.as_persona(persona);
            let signer = super::keys::Signer::kept_in(&running.paths.local.join("prescriber"))?;
            players.spawn(clinician::work(session, skill, signer, Arc::clone(&tally), stop.clone()));
        }
    }
    players.spawn(people::duty(suite.as_persona("duty-dan"), began, Arc::clone(&tally), stop.clone()));
    for practice in ["practice-alder", "practice-birch", "practice-cedar"] {
        players.spawn(people::practice(suite.as_persona(practice), Arc::clone(&tally), stop.clone()));
    }
    submit::all(suite, running, &plans, options, &tally).await?;
    let unfinished = settle(&auditor, running, &plans, &tally, &bar).await?;
    stop.cancel();
    while let Some(player) = players.join_next().await {
        player??;
    }
    bar.finish_and_clear();
    Ok(Played {
        began,
        counts: tally.counts(),
        no_loss: no_loss(&auditor).await?,
        before,
        seconds: (running.clock.monotonic() - started).as_secs_f64(),
        unfinished,
    })
}

/// Waits until every consultation has its outcome, every manifest is settled and every closed
/// episode has its lifecycle trace; gives what was still open when patience ran out.
async fn settle(
    auditor: &Session,
    running: &Running,
    plans: &[Plan],
    tally: &Tally,
    bar: &ProgressBar,
) -> anyhow::Result<Vec<String>> {
    let end = deadline(PATIENCE);
    let expected = plans.iter().filter(|plan| plan.story != Story::Malformed).count();
    loop {
        let counts = tally.counts();
        let dealt_with = counts.closed + counts.transfers_acknowledged;
        bar.set_position(dealt_with as u64);
        let mut open = Vec::new();
        if dealt_with < expected {
            open.push(format!("{} consultations not closed or passed back", expected - dealt_with));
        }
        if counts.alerts_acknowledged < counts.emergencies {
            open.push(format!("{} alerts not acknowledged", counts.emergencies - counts.alerts_acknowledged));
        }
        if open.is_empty() {
            let proof = no_loss(auditor).await?;
            if proof.in_transit > 0 {
                open.push(format!("{} consultations in transit", proof.in_transit));
            }
            if proof.manifest_open > 0 {
                open.push(format!("{} deliveries without an outcome", proof.manifest_open));
            }
            let traces = running.receiver.lifecycles();
            if traces < counts.closed {
                open.push(format!("{} lifecycle traces not arrived", counts.closed - traces));
            }
            open.extend(proof.breaches.iter().map(|breach| format!("{}: {}", breach.kind, breach.subject)));
        }
        if open.is_empty() || expired(end) {
            return Ok(open);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The proof that nothing is lost, computed now.
pub async fn no_loss(auditor: &Session) -> anyhow::Result<NoLoss> {
    let request = auditor.request(GetNoLossRequest { refresh: true }).await?;
    Ok(auditor.audit().get_no_loss(request).await?.into_inner().no_loss.unwrap_or_default())
}
