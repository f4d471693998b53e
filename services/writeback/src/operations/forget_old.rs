//! Forgets what has served its purpose: records of answers after 7 days, raw messages after 35.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work, forget_older_than};

use crate::storage::inbound;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a repeated call gets the answer of the first.
const ANSWERS: u32 = 7;
/// How long raw messages are kept for recovery.
const MESSAGES: u32 = 35;

/// Forgets one batch of each.
#[derive(Debug, Clone, Copy)]
pub struct ForgetOld;

impl Work for ForgetOld {
    const NAME: &'static str = "forget_old";
    /// How many rows went.
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<u64, StorageError> {
        let now = tx.at();
        let answers = forget_older_than(tx, now - DAY * ANSWERS).await?;
        let messages = inbound::forget_older_than(tx, now - DAY * MESSAGES).await?;
        Ok(answers + messages)
    }
}
