//! Closes a consultation whose epoch every guard has sealed.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};
use time::OffsetDateTime;

use crate::{
    domain::closing::{Closing, ManifestEntry},
    events,
    operations::{
        check_completion::settle_emergency,
        held::{Actor, ItemError, held},
    },
    storage::{alerts, items, legs},
};

/// Closes a consultation.
#[derive(Debug)]
pub struct Complete {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
    /// How.
    pub closing: Closing,
    /// What exists and has an outcome to wait for.
    pub manifest: Vec<ManifestEntry>,
}

/// A closed consultation.
#[derive(Debug, Clone)]
pub struct Completed {
    /// When.
    pub at: OffsetDateTime,
    /// The closing manifest.
    pub manifest: Vec<ManifestEntry>,
}

impl Work for Complete {
    const NAME: &'static str = "complete";
    type Output = Completed;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Completed, ItemError> {
        let (mut item, _) = held(tx, &self.actor, self.consultation).await?;
        settle_emergency(&item, &self.closing)?;
        item.safe = self.closing.safe.or(item.safe);
        // The contact that made it safe is more than the acknowledgement the alert waits for.
        if let Some(mut alert) = alerts::lock_open(tx, item.consultation).await? {
            alerts::acknowledge(tx, &mut alert, &self.actor.subject).await?;
            tx.raise(events::alerts::acknowledged(alert.id, alert.subject, &self.actor.subject));
        }
        items::close(tx, &mut item, &self.closing, &self.actor.subject, &self.manifest).await?;
        item.complete();
        legs::end(tx, &item, "COMPLETED").await?;
        let at = tx.at();
        tx.raise(events::items::completed(&item, &self.closing, &self.actor.subject, &self.manifest, at));
        Ok(Completed { at, manifest: self.manifest.clone() })
    }
}
