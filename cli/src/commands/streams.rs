//! `ehub streams`: what an operator does about events that cannot be delivered.

use ehub_proto::internal::v1::{HeldStream, ListHeldStreamsRequest, ReplayStreamRequest, SkipEventRequest};
use serde_json::{Value, json};

use super::{
    context::Context,
    views::{stamp, text},
};
use crate::{
    arguments::{ServiceName, Streams, WhichStream},
    output::{self, Column, Form},
    session::{Session, new_id},
};

const COLUMNS: [Column; 9] = [
    Column("SERVICE", "service", Form::Plain),
    Column("WAITS FOR", "subscriber", Form::Plain),
    Column("STREAM", "stream", Form::Plain),
    Column("VERSION", "version", Form::Plain),
    Column("PARKED", "parked", Form::Plain),
    Column("WHY", "reason", Form::Plain),
    Column("EVENTS", "waiting", Form::Plain),
    Column("SINCE", "wait_time", Form::Time),
    Column("SKIP PROPOSED BY", "skip_proposed_by", Form::Plain),
];

/// Lists, replays or skips.
pub async fn run(context: &Context, streams: Streams) -> anyhow::Result<()> {
    let session = context.session("ops-olga")?;
    match streams {
        Streams::List { service, all } => list(&session, service, all).await,
        Streams::Replay(which) => replay(&session, which).await,
        Streams::Skip { which, version, reason } => skip(&session, which, version, reason).await,
    }
}

async fn list(session: &Session, only: Option<ServiceName>, all: bool) -> anyhow::Result<()> {
    let services = ServiceName::ALL.into_iter().filter(|service| only.is_none_or(|only| only == *service));
    let mut rows = Vec::new();
    for service in services {
        let mut after = ListHeldStreamsRequest { parked_only: !all, ..ListHeldStreamsRequest::default() };
        loop {
            let request = session.request(after.clone()).await?;
            let page = session.streams(service.as_str()).list_held_streams(request).await?.into_inner().streams;
            let Some(last) = page.last() else { break };
            (after.after_subscriber, after.after_stream) = (last.subscriber.clone(), last.stream.clone());
            rows.extend(page.iter().map(|held| view(service, held)));
        }
    }
    output::list("streams", &rows, &COLUMNS, if all { "nothing waits" } else { "no stream is parked" });
    if !rows.is_empty() {
        output::note("mend the cause, then: ehub streams replay SERVICE SUBSCRIBER STREAM");
    }
    Ok(())
}

async fn replay(session: &Session, which: WhichStream) -> anyhow::Result<()> {
    let WhichStream { service, subscriber, stream } = which;
    let request = ReplayStreamRequest { request_id: new_id(), subscriber, stream: stream.clone() };
    let request = session.request(request).await?;
    let answer = session.streams(service.as_str()).replay_stream(request).await?.into_inner();
    output::record(&json!({ "service": service.as_str(), "stream": stream, "replayed_from": answer.version }));
    Ok(())
}

async fn skip(session: &Session, which: WhichStream, version: i64, reason: String) -> anyhow::Result<()> {
    let WhichStream { service, subscriber, stream } = which;
    let request = SkipEventRequest { request_id: new_id(), subscriber, stream: stream.clone(), version, reason };
    let request = session.request(request).await?;
    let answer = session.streams(service.as_str()).skip_event(request).await?.into_inner();
    output::record(&json!({
        "service": service.as_str(),
        "stream": stream,
        "version": version,
        "skipped": answer.skipped,
        "proposed_by": answer.proposed_by,
    }));
    if !answer.skipped {
        output::note("proposed; a second person agrees within 24 hours: the same command with --as ops-omar");
    }
    Ok(())
}

fn view(service: ServiceName, held: &HeldStream) -> Value {
    json!({
        "service": service.as_str(),
        "subscriber": held.subscriber,
        "stream": held.stream,
        "version": held.version,
        "reason": text(&held.reason),
        "attempts": held.attempts,
        "wait_time": stamp(held.wait_time.as_ref()),
        "parked": held.parked,
        "waiting": held.waiting,
        "kind": text(&held.kind),
        "consultation": text(&held.consultation),
        "skip_proposed_by": text(&held.skip_proposed_by),
        "skip_propose_time": stamp(held.skip_propose_time.as_ref()),
        "skip_reason": text(&held.skip_reason),
    })
}
