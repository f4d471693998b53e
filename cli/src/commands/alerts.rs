//! `ehub alerts` and `ehub ack`: red flags, and the duty person's answer to them.

use anyhow::Context as _;
use ehub_identifiers::AlertId;
use ehub_proto::allocation::v1::{AcknowledgeAlertRequest, Alert, ListAlertsRequest};
use serde_json::json;

use super::{
    context::{Context, pages},
    views,
};
use crate::{
    output::{self, Column, Form, exit::Problem},
    session::{Session, new_id},
};

/// How many alerts are read at most.
const LIMIT: usize = 5_000;

const COLUMNS: [Column; 6] = [
    Column("ALERT", "name", Form::Plain),
    Column("REFERENCE", "reference", Form::Plain),
    Column("RAISED", "raise_time", Form::Time),
    Column("CALLS", "calls", Form::Plain),
    Column("ACKNOWLEDGED BY", "acknowledged_by", Form::Plain),
    Column("ACKNOWLEDGED", "acknowledge_time", Form::Time),
];

/// Lists them, unacknowledged first.
pub async fn list(context: &Context) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let rows: Vec<_> = all(&session).await?.iter().map(views::alert).collect();
    output::list("alerts", &rows, &COLUMNS, "there are no alerts");
    Ok(())
}

/// Acknowledges one, or the first that waits.
pub async fn acknowledge(context: &Context, named: Option<String>) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let alert = match named {
        Some(text) => AlertId::parse_name(&text)
            .or_else(|_| AlertId::parse(&text))
            .map_err(|error| Problem::Usage(format!("an alert is named by alerts/{{uuid}}: {error}")))?
            .name(),
        None => {
            let waiting = all(&session).await?.into_iter().find(|alert| alert.acknowledged_by.is_empty());
            waiting.ok_or_else(|| Problem::DoesNotHold("no alert waits to be acknowledged".to_owned()))?.name
        }
    };
    let request = session.request(AcknowledgeAlertRequest { request_id: new_id(), alert }).await?;
    let answer = session.allocation().acknowledge_alert(request).await?.into_inner();
    let alert = answer.alert.context("an answer without an alert")?;
    output::record(&json!({ "alert": views::alert(&alert) }));
    Ok(())
}

async fn all(session: &Session) -> anyhow::Result<Vec<Alert>> {
    pages(LIMIT, async |page_token| {
        let request = session.request(ListAlertsRequest { page_size: 500, page_token }).await?;
        let page = session.allocation().list_alerts(request).await?.into_inner();
        Ok((page.alerts, page.next_page_token))
    })
    .await
}
