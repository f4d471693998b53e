//! Raises a clinical alert for a message that could not be read but whose text screens as an
//! emergency.

use ehub_identifiers::{OdsCode, QuarantineId};
use ehub_outbox::Refusal;
use ehub_postgres::Tx;

use crate::{domain::alert::AlertSubject, events, storage::alerts, tallies::ALERTS};

/// Raises the alert, once.
pub async fn quarantined_emergency(tx: &mut Tx, id: QuarantineId, owner: &OdsCode) -> Result<(), Refusal> {
    if let Some(alert) = alerts::raise_for_quarantined(tx, id, owner.as_str()).await? {
        tx.tally(&ALERTS, &[("ehub.outcome", "RAISED")]);
        tx.raise(events::alerts::raised(alert, AlertSubject::Quarantined(id)));
    }
    Ok(())
}
