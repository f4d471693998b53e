//! A failed delivery becomes a task for a person; a later success settles it.

use ehub_identifiers::{ConsultationId, EntryId};
use ehub_outbox::Refusal;
use ehub_postgres::Tx;

use crate::{
    events,
    storage::{
        items,
        tasks::{self, DELIVERY_FAILED},
    },
};

/// What became of an entry, as far as tasks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A person must act.
    Failed,
    /// Acknowledged, or settled another way.
    Done,
}

/// Raises or settles the task of an entry.
pub async fn entry_moved(
    tx: &mut Tx,
    consultation: ConsultationId,
    entry: EntryId,
    delivery: Delivery,
) -> Result<(), Refusal> {
    // Sources come in any order: an entry may be heard of before its consultation.
    let item = items::find(tx, consultation).await?.ok_or(Refusal::NotYet("the consultation is not here"))?;
    let subject = entry.name();
    let changed = match delivery {
        Delivery::Done => tasks::settle(tx, consultation, &subject).await? > 0,
        Delivery::Failed => {
            let raised = tasks::raise(tx, consultation, item.practice.org.uuid(), &subject, DELIVERY_FAILED).await?;
            if raised {
                tx.raise(events::items::task_raised(consultation, &subject, DELIVERY_FAILED));
            }
            raised
        }
    };
    if changed {
        items::touch(tx, consultation).await?;
    }
    Ok(())
}
