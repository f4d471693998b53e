//! ClaimNext by many at once: how long it takes, and that nobody gets what another has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    life::Stage,
    open_loop::{Load, offer},
    suite::Suite,
};

/// Claims as asked; nothing is done with what is claimed.
pub async fn run(suite: Suite, load: Load) -> anyhow::Result<Value> {
    let clock = suite.clock.clone();
    let stage = Arc::new(Stage::new(suite)?);
    let claimed: Arc<Mutex<HashMap<String, u64>>> = Arc::default();
    let (shared, noted) = (Arc::clone(&stage), Arc::clone(&claimed));
    let offered = offer(&clock, &load, move |caller, due| {
        let (stage, noted) = (Arc::clone(&shared), Arc::clone(&noted));
        async move {
            let persona = if caller % 2 == 0 { "gp-anna" } else { "gp-bert" };
            let Ok(Some(claim)) = stage.claim(persona).await else { return };
            stage.tally.took("from-due", stage.suite.clock.monotonic() - due);
            let name = claim.item.map(|item| item.consultation).unwrap_or_default();
            *noted.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        }
    })
    .await;
    let claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(json!({
        "load": offered.report(&load, stage.tally.count("claim")),
        "claimed": claimed.len(),
        "names": claimed.keys().collect::<Vec<_>>(),
        "claimed_twice": claimed.values().filter(|times| **times > 1).count(),
        "nothing_to_claim": stage.tally.count("claim-nothing"),
        "calls": stage.tally.report(),
    }))
}
