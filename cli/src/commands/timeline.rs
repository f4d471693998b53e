//! `ehub timeline`: a consultation's whole story, with each event's place in the log.

use ehub_proto::audit::v1::GetTimelineRequest;
use serde_json::json;

use super::{context::Context, views};
use crate::output::{self, Column, Form, Format};

const COLUMNS: [Column; 7] = [
    Column("TIME", "time", Form::Time),
    Column("SOURCE", "source", Form::Plain),
    Column("ACTION", "action", Form::Plain),
    Column("OUTCOME", "outcome", Form::Plain),
    Column("WHO", "actor", Form::Plain),
    Column("DETAIL", "detail", Form::Plain),
    Column("LEAF", "leaf_index", Form::Plain),
];

/// Shows it, oldest first.
pub async fn run(context: &Context, named: &str) -> anyhow::Result<()> {
    let session = context.session("auditor")?;
    let consultation = context.consultation(&session, named).await?.name();
    let request = session.request(GetTimelineRequest { consultation }).await?;
    let answer = session.audit().get_timeline(request).await?.into_inner();
    let events: Vec<_> = answer.events.iter().map(views::timeline_event).collect();
    match output::format() {
        Format::Json => output::record(&json!({ "events": events, "lifecycle_trace_ids": answer.lifecycle_trace_ids })),
        Format::Table => {
            output::list("events", &events, &COLUMNS, "audit knows of nothing yet");
            for trace in &answer.lifecycle_trace_ids {
                output::note(&format!("lifecycle trace {trace}"));
            }
        }
    }
    Ok(())
}
