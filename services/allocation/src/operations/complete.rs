//! Closes a consultation whose epoch every guard has sealed.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};
use time::OffsetDateTime;

use crate::{
    domain::closing::{Closing, ManifestEntry},
    events,
    operations::{
        acknowledge_alert::alert_settled,
        check_completion::settle_emergency,
        held::{Actor, ItemError, held},
    },
    storage::{items, legs},
    tallies::{CLAIMS, COMPLETIONS},
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
        alert_settled(tx, &item, &self.actor.subject).await?;
        items::close(tx, &mut item, &self.closing, &self.actor.subject, &self.manifest).await?;
        item.complete();
        legs::end(tx, &item, "COMPLETED").await?;
        let in_time = if self.closing.in_time(item.respond_by) { "true" } else { "false" };
        tx.tally(&COMPLETIONS, &[("ehub.outcome", self.closing.outcome.as_str()), ("ehub.in_time", in_time)]);
        tx.tally(&CLAIMS, &[("ehub.outcome", "COMPLETED")]);
        let at = tx.at();
        tx.raise(events::items::completed(&item, &self.closing, &self.actor.subject, &self.manifest, at));
        Ok(Completed { at, manifest: self.manifest.clone() })
    }
}
