//! Calls a person when an acknowledgement is missing, well before MESH's fifth day (hazard H14).

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, Work};
use time::OffsetDateTime;

use super::learn::learn;
use crate::{
    domain::Fact,
    storage::{
        outbound::{self, Key, Overdue},
        release,
    },
};

/// How long acknowledgements may take.
#[derive(Debug, Clone, Copy)]
pub struct MarkOverdue {
    /// The infrastructure acknowledgement.
    pub infrastructure: Duration,
    /// The business acknowledgement.
    pub business: Duration,
}

/// What waits: entries by state, and since when the oldest of them.
pub type Waiting = Vec<(String, i64, OffsetDateTime)>;

impl Work for MarkOverdue {
    const NAME: &'static str = "mark_overdue";
    /// How many documents miss something newly, and what waits.
    type Output = (usize, Waiting);
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(usize, Waiting), StorageError> {
        let overdue = Overdue { infrastructure: tx.at() - self.infrastructure, business: tx.at() - self.business };
        let missing = outbound::missing(tx, overdue).await?;
        for found in &missing {
            // Seen without a lock: what has come meanwhile counts.
            let Some(tracked) = outbound::lock(tx, &Key::Id(found.id)).await? else { continue };
            let known = &tracked.delivery;
            let facts: Vec<Fact> = [
                (found.outcome && !known.sent && !known.answered(), Fact::OutcomeUnknown),
                (found.receipt && !known.answered(), Fact::ReceiptMissing),
                (found.acceptance && known.accepted.is_none() && known.declined.is_none(), Fact::AcceptanceMissing),
            ]
            .into_iter()
            .filter_map(|(is_so, fact)| is_so.then_some(fact))
            .collect();
            learn(tx, tracked, &facts).await?;
        }
        Ok((missing.len(), release::waiting(tx).await?))
    }
}
