//! The duty person, and the practices' staff.

use std::{sync::Arc, time::Duration};

use ehub_proto::allocation::v1::{
    AcknowledgeAlertRequest, AcknowledgeTransferRequest, ListAlertsRequest, ListInboxRequest,
};
use tokio_util::sync::CancellationToken;

use super::Tally;
use crate::session::{Session, new_id};

/// How often they look.
const LOOK: Duration = Duration::from_millis(700);

/// Acknowledges every clinical alert.
pub async fn duty(session: Session, tally: Arc<Tally>, stop: CancellationToken) -> anyhow::Result<()> {
    while pause(&stop).await {
        let request = session.request(ListAlertsRequest { page_size: 100, page_token: String::new() }).await?;
        let alerts = match session.allocation().list_alerts(request).await {
            Ok(answer) => answer.into_inner().alerts,
            Err(status) => {
                tally.hitch("alerts could not be listed", &status);
                continue;
            }
        };
        for alert in alerts.into_iter().filter(|alert| alert.acknowledge_time.is_none()) {
            let request = AcknowledgeAlertRequest { request_id: new_id(), alert: alert.name };
            match session.allocation().acknowledge_alert(session.request(request).await?).await {
                Ok(_) => tally.note(|counts| counts.alerts_acknowledged += 1),
                Err(status) => tally.hitch("an alert could not be acknowledged", &status),
            }
        }
    }
    Ok(())
}

/// Acknowledges what the hub passes back.
pub async fn practice(session: Session, tally: Arc<Tally>, stop: CancellationToken) -> anyhow::Result<()> {
    while pause(&stop).await {
        let request = ListInboxRequest { page_size: 200, page_token: String::new(), mine: false };
        let items = match session.allocation().list_inbox(session.request(request).await?).await {
            Ok(answer) => answer.into_inner().items,
            Err(status) => {
                tally.hitch("an inbox could not be listed", &status);
                continue;
            }
        };
        for item in items.into_iter().filter(|item| item.acknowledgement_pending) {
            let request = AcknowledgeTransferRequest { request_id: new_id(), consultation: item.consultation };
            match session.allocation().acknowledge_transfer(session.request(request).await?).await {
                Ok(_) => tally.note(|counts| counts.transfers_acknowledged += 1),
                Err(status) => tally.hitch("a transfer could not be acknowledged", &status),
            }
        }
    }
    Ok(())
}

/// Waits a moment; false when it is time to go.
async fn pause(stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(LOOK) => true,
    }
}
