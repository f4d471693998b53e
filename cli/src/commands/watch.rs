//! `ehub inbox --watch`: a line for each change, connecting again whenever the stream ends.

use std::time::Duration;

use ehub_proto::allocation::v1::{WatchRequest, WatchResponse, watch_response::Change};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{context::Context, views};
use crate::{output, session::Session};

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints changes until Ctrl-C, or until nobody reads any longer.
pub async fn run(context: &Context, session: &Session, mine: bool) -> anyhow::Result<()> {
    tokio::select! {
        ended = for_ever(context, session, mine) => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn for_ever(context: &Context, session: &Session, mine: bool) -> anyhow::Result<()> {
    let mut connected = false;
    loop {
        match once(context, session, mine, &mut connected).await {
            Ok(()) if output::gone() => return Ok(()),
            Ok(()) => {}
            // A service that was never reached will not be there in a second either.
            Err(error) if !connected || !is_passing(&error) => return Err(error),
            Err(_) => output::progress("the stream has ended; connecting again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Ends that the contract names: shutdown, token expiry, deadline; and a broken connection.
fn is_passing(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<Status>().map(Status::code);
    matches!(
        code,
        Some(
            Code::Unavailable
                | Code::Unauthenticated
                | Code::DeadlineExceeded
                | Code::Cancelled
                | Code::Unknown
                | Code::Internal
        )
    )
}

async fn once(context: &Context, session: &Session, mine: bool, connected: &mut bool) -> anyhow::Result<()> {
    let mut request = session.request(WatchRequest { mine }).await?;
    // A stream has no deadline of ours.
    request.metadata_mut().remove("grpc-timeout");
    let mut changes = session.allocation().watch(request).await?.into_inner();
    while let Some(change) = changes.message().await? {
        *connected = true;
        if let Some(value) = shown(&change) {
            output::event(&value, || sentence(&value, context));
        }
        if output::gone() {
            return Ok(());
        }
    }
    Ok(())
}

/// A change as a value; a heartbeat only shows that nothing has changed.
fn shown(change: &WatchResponse) -> Option<Value> {
    match change.change.as_ref()? {
        Change::Reset(_) => Some(json!({ "change": "RESET" })),
        Change::Item(item) => Some(json!({ "change": "ITEM", "item": views::work_item(item) })),
        Change::Gone(name) => Some(json!({ "change": "GONE", "consultation": name })),
        Change::Heartbeat(_) => None,
    }
}

fn sentence(value: &Value, context: &Context) -> String {
    let word = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    match value["change"].as_str() {
        Some("ITEM") => {
            let item = &value["item"];
            let due = output::moment(item["respond_by"].as_str().unwrap_or("–"), context.clock.now());
            let parts = ["reference", "urgency", "state", "practice_ods", "need", "topic"].map(|key| word(&item[key]));
            format!("{}  due {due}", parts.join("  "))
        }
        Some("GONE") => format!("gone  {}", word(&value["consultation"])),
        _ => "— as it is now —".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ehub_proto::allocation::v1::{Heartbeat, Reset, WorkItem};

    use super::*;

    fn change(change: Change) -> WatchResponse {
        WatchResponse { change: Some(change) }
    }

    #[test]
    fn each_change_has_its_shape_and_heartbeats_have_none() {
        assert_eq!(shown(&WatchResponse { change: None }), None);
        assert_eq!(shown(&change(Change::Heartbeat(Heartbeat::default()))), None);
        assert_eq!(shown(&change(Change::Reset(Reset {}))), Some(json!({ "change": "RESET" })));
        let gone = shown(&change(Change::Gone("consultations/1".into()))).expect("shown");
        assert_eq!(gone["consultation"], "consultations/1");
        let item =
            shown(&change(Change::Item(WorkItem { reference: "ABC".into(), ..WorkItem::default() }))).expect("shown");
        assert_eq!(item["item"]["reference"], "ABC");
        assert!(sentence(&item, &Context::new(None, None)).starts_with("ABC  –"));
    }
}
