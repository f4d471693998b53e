//! Which duty persons are to be called now. The call itself is made outside, by the worker.

use std::time::Duration;

use ehub_identifiers::AlertId;
use ehub_postgres::{StorageError, Tx, Work};

use crate::{domain::alert::Alert, events, storage::alerts};

/// Takes alerts that wait for a call. Calling again is made known.
#[derive(Debug)]
pub struct TakeDueAlerts {
    /// How long until the next call.
    pub repeat: Duration,
    /// How many at most.
    pub limit: i64,
}

impl Work for TakeDueAlerts {
    const NAME: &'static str = "take_due_alerts";
    type Output = Vec<Alert>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Alert>, StorageError> {
        let due = alerts::take_due(tx, self.repeat, self.limit).await?;
        for alert in due.iter().filter(|alert| alert.calls > 1) {
            tx.raise(events::alerts::raised(alert.id, alert.subject));
        }
        Ok(due)
    }
}

/// Notes that a call did not get through: it is made again soon.
#[derive(Debug)]
pub struct CallAgain {
    /// Which.
    pub alert: AlertId,
    /// How long until then.
    pub wait: Duration,
}

impl Work for CallAgain {
    const NAME: &'static str = "call_again";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        alerts::call_again(tx, self.alert, self.wait).await
    }
}
