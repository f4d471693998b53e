//! The duty person, and the practices' staff.

use std::{sync::Arc, time::Duration};

use ehub_proto::allocation::v1::{
    AcknowledgeAlertRequest, AcknowledgeTransferRequest, Alert, ListAlertsRequest, ListInboxRequest,
};
use futures_util::future::join_all;
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
        let listed = tally.ask("AllocationService/ListAlerts", || async {
            let request = session.request(ListAlertsRequest { page_size: 500, page_token: String::new() }).await?;
            Ok(session.allocation().list_alerts(request).await?.into_inner().alerts)
        });
        let Ok(alerts) = listed.await else { continue };
        let of_this_run =
            |alert: &Alert| alert.raise_time.as_ref().is_some_and(|at| at.seconds >= began.unix_timestamp());
        let acknowledged = join_all(alerts.iter().map(async |alert| {
            let done = alert.acknowledge_time.is_some() || acknowledge(&session, &tally, alert).await;
            usize::from(done && of_this_run(alert))
        }));
        let acknowledged = acknowledged.await.into_iter().sum();
        tally.note(|counts| counts.alerts_acknowledged = counts.alerts_acknowledged.max(acknowledged));
    }
    Ok(())
}

/// Acknowledges an alert; whoever closes its consultation may be quicker.
async fn acknowledge(session: &Session, tally: &Tally, alert: &Alert) -> bool {
    let request = AcknowledgeAlertRequest { request_id: new_id(), alert: alert.name.clone() };
    let answered = tally.ask_unless("AllocationService/AcknowledgeAlert", "ALERT_ACKNOWLEDGED", || async {
        Ok(session.allocation().acknowledge_alert(session.request(request.clone()).await?).await?)
    });
    answered.await.is_ok()
}

/// Acknowledges what the hub passes back.
pub async fn practice(session: Session, tally: Arc<Tally>, stop: CancellationToken) -> anyhow::Result<()> {
    while pause(&stop).await {
        let listed = tally.ask("AllocationService/ListInbox", || async {
            let request = ListInboxRequest { page_size: 200, page_token: String::new(), mine: false };
            let request = session.request(request).await?;
            Ok(session.allocation().list_inbox(request).await?.into_inner().items)
        });
        let Ok(items) = listed.await else { continue };
        let pending = items.into_iter().filter(|item| item.acknowledgement_pending);
        join_all(pending.map(|item| take_over(&session, &tally, item.consultation))).await;
    }
    Ok(())
}

async fn take_over(session: &Session, tally: &Tally, consultation: String) {
    let request = AcknowledgeTransferRequest { request_id: new_id(), consultation };
    let answered = tally.ask("AllocationService/AcknowledgeTransfer", || async {
        Ok(session.allocation().acknowledge_transfer(session.request(request.clone()).await?).await?)
    });
    if answered.await.is_ok() {
        tally.note(|counts| counts.transfers_acknowledged += 1);
    }
}

/// Waits a moment; false when it is time to go.
async fn pause(stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(LOOK) => true,
    }
}
