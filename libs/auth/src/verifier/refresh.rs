//! Keeps the keys fresh in the background. Nothing a caller sends ever causes a reading.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Keys, Verifier};
use crate::keys::SourceError;

/// How often a key file is looked at: a change counts within five seconds.
const FILE_EVERY: Duration = Duration::from_secs(3);
/// The first wait after an address failed; it doubles up to the configured interval.
const FIRST_RETRY: Duration = Duration::from_secs(2);

impl Verifier {
    /// Reads every key source again, now.
    pub async fn refresh(&self) {
        for keys in self.all_keys() {
            // What went wrong has been logged, and the last good keys stay in use.
            let _ = self.load(keys).await;
        }
    }

    /// Keeps all keys fresh until `stop`: files every three seconds, addresses at their interval.
    pub async fn keep_fresh(self: Arc<Self>, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for index in 0..=self.issuers.len() {
            tasks.spawn(Arc::clone(&self).keep_one_fresh(index, stop.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(failed) = ended
                && failed.is_panic()
            {
                std::panic::resume_unwind(failed.into_panic());
            }
        }
    }

    async fn keep_one_fresh(self: Arc<Self>, index: usize, stop: CancellationToken) {
        let keys = self.issuers.get(index).map_or(&self.grant_keys, |issuer| &issuer.keys);
        let interval = if keys.source.is_remote() { keys.refresh } else { FILE_EVERY };
        let mut retry = FIRST_RETRY;
        loop {
            // Only without any key is there a hurry; else the last good ones serve.
            let wait = if keys.ring.is_empty() { retry.min(interval) } else { interval };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.with_jitter(wait)) => {}
            }
            retry = match self.load(keys).await {
                Ok(()) => FIRST_RETRY,
                Err(_) => (retry * 2).min(interval),
            };
        }
    }

    /// Reads one source. Whatever changed empties the memory of verified tokens.
    pub(super) async fn load(&self, keys: &Keys) -> Result<(), SourceError> {
        let read = keys.source.read().await;
        let now = self.clock.now();
        let loaded = read.and_then(|document| {
            keys.ring.load(&document, now).map_err(|source| SourceError::Jwks { place: keys.source.place(), source })
        });
        let changed = match &loaded {
            Ok(changed) => *changed,
            Err(error) => {
                let cause = error as &dyn std::error::Error;
                tracing::warn!(target: "ehub::auth", error = cause, cause = cause.source(), "keys for tokens cannot be refreshed");
                keys.ring.expire(now, keys.max_stale)
            }
        };
        if changed {
            self.tokens.forget();
            self.grants.forget();
            tracing::info!(target: "ehub::auth", place = %keys.source.place(), "the keys for tokens have changed");
        }
        loaded.map(|_| ())
    }

    /// Up to a tenth less, so that replicas started together do not ask together.
    fn with_jitter(&self, wait: Duration) -> Duration {
        let [byte] = self.clock.random::<1>();
        wait.mul_f64(1.0 - f64::from(byte) / 2550.0)
    }
}
