//! Submissions: one durable commit each, as the caller sees them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    drain::Drain,
    life::Stage,
    open_loop::{Load, offer},
    suite::Suite,
};

/// Submits as asked, then waits until everything has arrived, so that the next run begins with nothing under way.
pub async fn run(suite: Suite, drain: &Drain, load: Load) -> anyhow::Result<Value> {
    drain.wait().await?;
    let clock = suite.clock.clone();
    let stage = Arc::new(Stage::new(suite)?);
    let shared = Arc::clone(&stage);
    let load = Load { callers: if load.rate.is_some() { load.callers.max(192) } else { load.callers }, ..load };
    let offered = offer(&clock, &load, move |_, due| {
        let stage = Arc::clone(&shared);
        async move {
            if stage.submit().await.is_ok() {
                stage.tally.took("from-due", stage.suite.clock.monotonic() - due);
            }
        }
    })
    .await;
    let backlog = drain.waiting().await?;
    let done = clock.monotonic();
    drain.wait().await?;
    Ok(json!({
        "load": offered.report(&load, stage.tally.count("submit")),
        "backlog": { "events": backlog.events, "leaves": backlog.leaves },
        "settled_after_seconds": (clock.monotonic() - done).as_secs_f64(),
        "calls": stage.tally.report(),
    }))
}
