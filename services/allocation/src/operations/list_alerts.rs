//! Lists the clinical alerts of the caller's organisation.

use ehub_access::require_fresh;
use ehub_identifiers::OdsCode;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::alert::{Alert, AlertSubject},
    operations::held::ItemError,
    storage::alerts::{self, After},
};

/// Lists alerts, unacknowledged first.
#[derive(Debug)]
pub struct ListAlerts {
    /// The caller's organisation.
    pub owner: OdsCode,
    /// The practices the caller's token is limited to, when it is.
    pub practices: Option<Vec<String>>,
    /// Where the page before ended.
    pub after: Option<After>,
    /// How many at most.
    pub size: u16,
}

/// A page of alerts.
#[derive(Debug)]
pub struct AlertPage {
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Where the page ended, when there is more.
    pub next: Option<After>,
}

impl Work for ListAlerts {
    const NAME: &'static str = "list_alerts";
    type Output = AlertPage;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<AlertPage, ItemError> {
        require_fresh(tx).await?;
        let mut alerts =
            alerts::page(tx, self.owner.as_str(), self.practices.as_deref(), self.after, i64::from(self.size) + 1)
                .await?;
        let more = alerts.len() > usize::from(self.size);
        alerts.truncate(self.size.into());
        for alert in &alerts {
            if let AlertSubject::Consultation(id) = alert.subject {
                tx.concerns(id.uuid());
            }
        }
        let next = if more { alerts.last().map(place) } else { None };
        Ok(AlertPage { alerts, next })
    }
}

fn place(alert: &Alert) -> After {
    let micros = i64::try_from(alert.raised_at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
    (alert.acknowledged.is_some(), micros, alert.id.uuid())
}
