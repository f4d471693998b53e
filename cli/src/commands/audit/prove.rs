//! `ehub audit prove`: that an event is in the log, with the path to the signed root.

use ehub_audit::verify::verify_inclusion;
use ehub_clock::{Timestamp, rfc3339};
use ehub_identifiers::EventId;
use ehub_proto::audit::v1::{GetCheckpointRequest, GetInclusionProofRequest};
use serde_json::{Value, json};

use super::trusted;
use crate::{
    arguments::Prove,
    commands::{
        context::Context,
        views::{hex, text},
    },
    output::{self, exit::Problem},
};

/// Fetches the proof and follows it here.
pub async fn run(context: &Context, options: Prove) -> anyhow::Result<()> {
    let event = EventId::parse_name(&options.event)
        .or_else(|_| EventId::parse(&options.event))
        .map_err(|error| Problem::Usage(format!("an event is named by its UUID: {error}")))?;
    let session = context.session("auditor")?;
    let request = session.request(GetCheckpointRequest {}).await?;
    let signed = session.audit().get_checkpoint(request).await?.into_inner();
    let request = GetInclusionProofRequest { event: event.uuid().to_string(), size: signed.size };
    let proof = session.audit().get_inclusion_proof(session.request(request).await?).await?.into_inner();
    let (vkey, trust) = trusted(context, options.key.as_deref(), &signed.verifier_key)?;
    let path: Vec<Vec<u8>> = proof.path.iter().map(|hash| hash.to_vec()).collect();
    let place = u64::try_from(proof.index).map_err(|_| fails("the place is below 0"))?;
    let leaf = verify_inclusion(&proof.leaf, place, &path, &signed.checkpoint, &vkey).map_err(fails)?;
    if leaf.event != event.uuid().as_bytes() {
        return Err(fails("the leaf is another event's").into());
    }
    output::record(&json!({
        "verified": true,
        "event": event.uuid().to_string(),
        "index": place,
        "size": proof.size,
        "path": path.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
        "key": trust,
        "leaf": {
            "recorded_time": recorded(leaf.recorded_at),
            "action": leaf.action,
            "outcome": leaf.outcome,
            "actor": text(&leaf.actor),
            "role": text(&leaf.role),
            "organisation_ods": text(&leaf.organisation),
            "on_behalf_of_ods": text(&leaf.on_behalf_of),
            "request_id": text(&leaf.request_id),
            "subjects": leaf.subject.len(),
        },
    }));
    Ok(())
}

fn fails(why: impl std::fmt::Display) -> Problem {
    Problem::DoesNotHold(format!("the proof does not hold: {why}"))
}

/// Leaves count microseconds since 1970.
fn recorded(micros: i64) -> Value {
    Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1_000).map_or(Value::Null, |at| rfc3339(at).into())
}
