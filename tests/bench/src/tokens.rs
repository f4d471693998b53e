//! What a token check costs by itself, for a service never serves without one: a token seen before, and one never seen.

use std::{hint::black_box, path::Path, time::Duration};

use anyhow::Context as _;
use ehub_auth::{AuthConfig, Verifier};
use ehub_clock::Clock;
use serde::Deserialize;
use serde_json::{Value, json};

/// Checks of the token that is known.
const KNOWN: u32 = 200_000;

/// A service's configuration, as far as it is about tokens.
#[derive(Debug, Deserialize)]
struct Config {
    auth: AuthConfig,
}

/// Verifies as the service of that configuration does, in one thread.
pub async fn run(config: &Path, tokens: &Path) -> anyhow::Result<Value> {
    let config: Config = toml::from_str(&std::fs::read_to_string(config)?).context("the service's configuration")?;
    let tokens: Vec<String> = serde_json::from_str(&std::fs::read_to_string(tokens)?).context("a list of tokens")?;
    let clock = Clock::system();
    let verifier = Verifier::start(&config.auth, clock.clone()).await?;
    let check = |token: &str| verifier.verify(token).map(black_box).map_err(|refusal| anyhow::anyhow!("{refusal:?}"));
    let begun = clock.monotonic();
    for token in &tokens {
        check(token)?;
    }
    let new = (clock.monotonic() - begun) / u32::try_from(tokens.len().max(1))?;
    let token = tokens.first().context("at least one token")?;
    let begun = clock.monotonic();
    for _ in 0..KNOWN {
        check(token)?;
    }
    let known = (clock.monotonic() - begun) / KNOWN;
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    Ok(json!({ "new_us": micros(new), "known_us": micros(known), "new": tokens.len(), "known": KNOWN }))
}
