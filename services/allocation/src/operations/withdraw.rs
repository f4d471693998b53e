//! What becomes of a patient's wish to withdraw.

use ehub_identifiers::ConsultationId;
use ehub_outbox::Refusal;
use ehub_postgres::Tx;

use crate::{
    domain::item::{Withdrawal, Withdrawn},
    events,
    storage::{items, legs, queue},
    tallies::COMPLETIONS,
};

/// The wish as intake tells it.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The consultation.
    pub consultation: ConsultationId,
    /// Which life.
    pub episode: i32,
    /// Whether screening found anything in it.
    pub flagged: bool,
    /// When and why.
    pub withdrawal: Withdrawal,
}

/// Applies it: withdrawn at once, or for whoever works on it to read. Watchers see either.
pub async fn withdraw(tx: &mut Tx, wish: &Wish) -> Result<(), Refusal> {
    let item = items::lock(tx, wish.consultation).await?;
    let mut item = item.ok_or(Refusal::NotYet("the consultation is not here"))?;
    if item.episode != wish.episode {
        return Ok(());
    }
    match item.withdraw(wish.withdrawal.clone(), wish.flagged) {
        Withdrawn::TooLate => {}
        Withdrawn::Wished => items::save(tx, &mut item).await?,
        Withdrawn::AtOnce => {
            queue::remove(tx, item.consultation).await?;
            items::save(tx, &mut item).await?;
            legs::end(tx, &item, "WITHDRAWN").await?;
            // Nobody answered it: it counts neither as in time nor as late.
            tx.tally(&COMPLETIONS, &[("ehub.outcome", "WITHDRAWN")]);
            tx.raise(events::items::withdrawn(&item, tx.at()));
        }
    }
    Ok(())
}
