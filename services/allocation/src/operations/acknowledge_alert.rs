//! Acknowledges a clinical alert as the duty person.

use ehub_access::{AccessError, require_fresh};
use ehub_identifiers::{AlertId, OdsCode};
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    domain::{
        alert::{Alert, AlertSubject},
        item::WorkItem,
    },
    events,
    storage::alerts,
    tallies::ALERTS,
};

/// Acknowledges an alert.
#[derive(Debug)]
pub struct AcknowledgeAlert {
    /// Who.
    pub subject: String,
    /// Their organisation.
    pub owner: OdsCode,
    /// The practices their token is limited to, when it is.
    pub practices: Option<Vec<String>>,
    /// Which.
    pub alert: AlertId,
}

/// Why an alert is not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// Not there, or not this organisation's.
    #[error("there is no such alert for this caller")]
    NotFound,
    /// Somebody has.
    #[error("the alert was acknowledged before")]
    Acknowledged {
        /// Who, by subject.
        by: String,
    },
    /// Access is unknown or stale.
    #[error("access refused")]
    Access(#[source] AccessError),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for AcknowledgeAlert {
    const NAME: &'static str = "acknowledge_alert";
    type Output = Alert;
    type Error = AlertError;

    async fn run(&self, tx: &mut Tx) -> Result<Alert, AlertError> {
        require_fresh(tx).await.map_err(AlertError::Access)?;
        let mut alert = alerts::lock(tx, self.alert, self.owner.as_str(), self.practices.as_deref())
            .await?
            .ok_or(AlertError::NotFound)?;
        if let AlertSubject::Consultation(id) = alert.subject {
            tx.concerns(id.uuid());
        }
        tx.about(alert.id.name());
        if let Some((by, _)) = &alert.acknowledged {
            return Err(AlertError::Acknowledged { by: by.clone() });
        }
        alerts::acknowledge(tx, &mut alert, &self.subject).await?;
        tx.tally(&ALERTS, &[("ehub.outcome", "ACKNOWLEDGED")]);
        tx.raise(events::alerts::acknowledged(alert.id, alert.subject, &self.subject));
        Ok(alert)
    }
}

/// Acknowledges what alert an item still has, for the one who recorded that it is safe: that contact
/// is more than the acknowledgement the alert waits for.
pub(crate) async fn alert_settled(tx: &mut Tx, item: &WorkItem, subject: &str) -> Result<(), StorageError> {
    if let Some(mut alert) = alerts::lock_open(tx, item.consultation).await? {
        alerts::acknowledge(tx, &mut alert, subject).await?;
        tx.tally(&ALERTS, &[("ehub.outcome", "ACKNOWLEDGED")]);
        tx.raise(events::alerts::acknowledged(alert.id, alert.subject, subject));
    }
    Ok(())
}
