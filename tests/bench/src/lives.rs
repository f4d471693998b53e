//! Whole lives, as fast as they go: so many under way at once, until time is over and everything has arrived.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{drain::Drain, histogram::Histogram, life::Stage, suite::Suite};

/// How long a clinician waits for what was submitted to reach the queue.
const ON_ITS_WAY: Duration = Duration::from_millis(30);
/// Submitters at work.
const SUBMITTERS: usize = 8;

/// How many, for how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub time: Duration,
    pub at_once: usize,
    pub clinicians: usize,
}

struct Run {
    stage: Stage,
    places: Semaphore,
    /// One permit for each submission nobody has set out to claim: asking for what is not there costs the services as
    /// much as a claim, and is no part of a life.
    unclaimed: Semaphore,
    begun: Mutex<HashMap<String, Instant>>,
    lives: Mutex<Histogram>,
    submitted: AtomicU64,
    ended: AtomicU64,
    /// Completions that fell into the time of submission.
    within: AtomicU64,
    submitting: AtomicBool,
    all_submitted: AtomicBool,
}

/// Plays; the rate counts from the first submission to the moment when everything has arrived everywhere.
pub async fn run(suite: Suite, drain: &Drain, plan: Plan) -> anyhow::Result<Value> {
    let clock = suite.clock.clone();
    drain.wait().await?;
    let run = Arc::new(Run {
        stage: Stage::new(suite)?,
        places: Semaphore::new(plan.at_once),
        unclaimed: Semaphore::new(0),
        begun: Mutex::default(),
        lives: Mutex::default(),
        submitted: AtomicU64::new(0),
        ended: AtomicU64::new(0),
        within: AtomicU64::new(0),
        submitting: AtomicBool::new(true),
        all_submitted: AtomicBool::new(false),
    });
    let began = clock.monotonic();
    let (mut submitters, mut clinicians) = (JoinSet::new(), JoinSet::new());
    for _ in 0..SUBMITTERS {
        submitters.spawn(Arc::clone(&run).submit());
    }
    for number in 0..plan.clinicians {
        clinicians.spawn(Arc::clone(&run).work(if number % 2 == 0 { "gp-anna" } else { "gp-bert" }));
    }
    tokio::time::sleep(plan.time).await;
    run.submitting.store(false, Ordering::Relaxed);
    run.within.store(run.ended.load(Ordering::Relaxed), Ordering::Relaxed);
    // Wakes submitters that wait for a place: nobody needs one any more.
    run.places.close();
    while let Some(submitter) = submitters.join_next().await {
        submitter?;
    }
    run.all_submitted.store(true, Ordering::SeqCst);
    run.go_home_when_all_is_done();
    while let Some(clinician) = clinicians.join_next().await {
        clinician?;
    }
    let closed = clock.monotonic() - began;
    let backlog = drain.waiting().await?;
    drain.wait().await?;
    let arrived = clock.monotonic() - began;
    let completed = run.stage.tally.count("complete");
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let (lives, within) = (completed as f64, run.within.load(Ordering::Relaxed) as f64);
    Ok(json!({
        "submitted": run.submitted.load(Ordering::Relaxed),
        "completed": completed,
        "seconds": { "submitting": plan.time.as_secs_f64(), "closed": closed.as_secs_f64(), "arrived": arrived.as_secs_f64() },
        "lives_per_second": lives / arrived.as_secs_f64(),
        "closed_per_second_while_submitting": within / plan.time.as_secs_f64(),
        "backlog_when_closed": { "events": backlog.events, "leaves": backlog.leaves, "traces": backlog.traces, "entries": backlog.entries },
        "submit_to_complete_ms": run.lives.lock().unwrap_or_else(PoisonError::into_inner).report(),
        "calls": run.stage.tally.report(),
        "at_once": plan.at_once,
        "clinicians": plan.clinicians,
    }))
}

impl Run {
    async fn submit(self: Arc<Self>) {
        while self.submitting.load(Ordering::Relaxed) {
            let Ok(place) = self.places.acquire().await else { return };
            // Given back by whoever completes it.
            place.forget();
            let now = self.stage.suite.clock.monotonic();
            match self.stage.submit().await {
                Ok(name) => {
                    self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(name, now);
                    self.submitted.fetch_add(1, Ordering::SeqCst);
                    self.unclaimed.add_permits(1);
                }
                Err(_) => self.places.add_permits(1),
            }
        }
    }

    async fn work(self: Arc<Self>, persona: &'static str) {
        while let Ok(one) = self.unclaimed.acquire().await {
            one.forget();
            loop {
                match self.stage.claim(persona).await {
                    Ok(Some(claim)) => break self.live(persona, claim).await,
                    Ok(None) | Err(_) => tokio::time::sleep(ON_ITS_WAY).await,
                }
            }
            self.go_home_when_all_is_done();
        }
    }

    /// Ends the clinicians' work, once nothing more is submitted and everything submitted has ended.
    fn go_home_when_all_is_done(&self) {
        if self.all_submitted.load(Ordering::SeqCst)
            && self.ended.load(Ordering::SeqCst) == self.submitted.load(Ordering::SeqCst)
        {
            self.unclaimed.close();
        }
    }

    async fn live(&self, persona: &str, claim: ehub_proto::allocation::v1::Claim) {
        let done = self.stage.answer(persona, claim).await;
        self.ended.fetch_add(1, Ordering::SeqCst);
        self.places.add_permits(1);
        // A life that failed is counted by the step that did.
        let Ok(name) = done else { return };
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        if let Some(begun) = begun {
            let time = self.stage.suite.clock.monotonic() - begun;
            self.lives.lock().unwrap_or_else(PoisonError::into_inner).record(time);
        }
    }
}
