//! The duty person, and the practices' staff.

use std::{sync::Arc, time::Duration};

use ehub_proto::allocation::v1::{
    AcknowledgeAlertRequest, AcknowledgeTransferRequest, Alert, ListAlertsRequest, ListInboxRequest,
};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::Tally;
use crate::session::{Session, new_id};

/// How often they look.
const LOOK: Duration = Duration::from_millis(700);

/// Acknowledges every clinical alert, and counts those of this run that somebody has.
pub async fn duty(
    session: Session,
    began: OffsetDateTime,
    tally: Arc<Tally>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    while pause(&stop).await {
        let request = session.request(ListAlertsRequest { page_size: 500, page_token: String::new() }).await?;
        let alerts = match session.allocation().list_alerts(request).await {
            Ok(answer) => answer.into_inner().alerts,
            Err(status) => {
                tally.hitch("alerts could not be listed", &status);
                continue;
            }
        };
        let of_this_run =
            |alert: &&Alert| alert.raise_time.as_ref().is_some_and(|at| at.seconds >= began.unix_timestamp());
        let acknowledged = alerts.iter().filter(of_this_run).filter(|alert| alert.acknowledge_time.is_some()).count();
        tally.note(|counts| counts.alerts_acknowledged = counts.alerts_acknowledged.max(acknowledged));
        for alert in alerts.into_iter().filter(|alert| alert.acknowledge_time.is_none()) {
            let request = AcknowledgeAlertRequest { request_id: new_id(), alert: alert.name };
            if let Err(status) = session.allocation().acknowledge_alert(session.request(request).await?).await {
                tally.hitch("an alert could not be acknowledged", &status);
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
