//! A fact about a document becomes what its entry's state follows from.

use ehub_postgres::{StorageError, Tx};
use ehub_telemetry::metrics::{Histogram, STAGE_BUCKETS, histogram};

use super::moving::MOVES;
use crate::{
    domain::{EntryEvent, Fact, State},
    storage::outbound::{self, Tracked},
};

static ANSWER_AGE: Histogram = histogram(
    "ehub.writeback.acknowledgement.age",
    "s",
    "Time from MESH's acceptance of a document to what was learnt of it, by what.",
    STAGE_BUCKETS,
);

/// Whether a fact was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learnt {
    /// It was.
    New,
    /// It was known, or could add nothing.
    Known,
}

/// Adds facts to a locked document and lets its entry follow. A settled entry stays settled, and
/// an entry whose document was replaced follows the replacement.
pub(super) async fn learn(tx: &mut Tx, mut tracked: Tracked, facts: &[Fact]) -> Result<Learnt, StorageError> {
    let before = tracked.delivery.clone();
    facts.iter().for_each(|fact| tracked.delivery.learn(fact));
    if tracked.delivery == before {
        return Ok(Learnt::Known);
    }
    outbound::save(tx, tracked.id, &tracked.delivery).await?;
    if let Some(sent_at) = tracked.sent_at {
        let age = (tx.at() - sent_at).as_seconds_f64().max(0.0);
        for fact in facts {
            tx.measure(&ANSWER_AGE, age, &[("ehub.outcome", fact.word())]);
        }
    }
    if tracked.current && tracked.standing.state != State::Settled {
        let to = tracked.delivery.standing();
        outbound::follow(tx, &tracked, &to).await?;
        if to != tracked.standing {
            tx.tally(&MOVES, &[("ehub.state", to.state.as_str())]);
            tx.raise(EntryEvent::Moved { entry: tracked.entry, consultation: tracked.consultation, standing: to });
        }
    }
    Ok(Learnt::New)
}
