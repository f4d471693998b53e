//! Forgets what has served its purpose, a batch at a time.

use std::time::Duration;

use ehub_postgres::{Db, Scope};
use tokio_util::sync::CancellationToken;

use crate::operations::forget_old::ForgetOld;

/// The pause when nothing is left to forget.
const REST: Duration = Duration::from_secs(3600);
/// The pause between batches.
const BREATH: Duration = Duration::from_millis(200);

/// Keeps tables from growing for ever.
#[derive(Debug, Clone)]
pub struct Housekeeping {
    /// The work role's database.
    pub db: Db,
}

impl Housekeeping {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.db.run(&Scope::work(), &ForgetOld).await {
                Ok(0) => REST,
                Ok(_) => BREATH,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "old rows were not forgotten");
                    REST
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
