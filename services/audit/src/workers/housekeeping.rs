//! Forgets what need not be kept.

use std::time::Duration;

use ehub_postgres::{Db, Scope};
use tokio_util::sync::CancellationToken;

use crate::operations::keep_house::KeepHouse;

/// How often.
const EVERY: Duration = Duration::from_secs(600);
/// How long answers to request ids are kept.
const IDEMPOTENCY: Duration = Duration::from_secs(7 * 86_400);

/// Forgets until told to stop.
pub async fn keep_house(db: Db, stop: CancellationToken) {
    loop {
        if let Err(error) = db.run(&Scope::work(), &KeepHouse { idempotency: IDEMPOTENCY }).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old records were not forgotten");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
