//! A fact about a document becomes what its entry's state follows from.

use ehub_postgres::{StorageError, Tx};

use crate::{
    domain::{EntryEvent, Fact, State},
    storage::outbound::{self, Tracked},
};

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
    if tracked.current && tracked.standing.state != State::Settled {
        let to = tracked.delivery.standing();
        outbound::follow(tx, &tracked, &to).await?;
        if to != tracked.standing {
            tx.raise(EntryEvent::Moved { entry: tracked.entry, consultation: tracked.consultation, standing: to });
        }
    }
    Ok(Learnt::New)
}
