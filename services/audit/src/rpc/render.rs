//! What operations give, as answers.

use ehub_identifiers::EventId;
use ehub_proto::{
    audit::v1::{
        Breach, ExportLeavesResponse, GetCheckpointResponse, GetConsistencyProofResponse, GetInclusionProofResponse,
        GetNoLossResponse, GetTimelineResponse, NoLoss, TimelineEvent,
    },
    timestamp,
};
use ehub_telemetry::lifecycle::trace_id;
use prost::bytes::Bytes;
use time::OffsetDateTime;

use crate::{
    domain::no_loss,
    operations::{
        export_leaves::Exported,
        get_checkpoint::Given,
        get_timeline::Story,
        prove::{Consistency, Inclusion},
    },
    storage::timeline::Line,
    tree::Hash,
};

pub(super) fn checkpoint(given: &Given) -> GetCheckpointResponse {
    GetCheckpointResponse {
        checkpoint: given.signed.note.clone(),
        size: given.signed.size,
        root: Bytes::copy_from_slice(&given.signed.root),
        verifier_key: given.verifier_key.clone(),
    }
}

pub(super) fn inclusion(proof: &Inclusion) -> GetInclusionProofResponse {
    GetInclusionProofResponse {
        index: proof.index,
        size: proof.size,
        leaf: proof.leaf.clone().into(),
        path: hashes(&proof.path),
        checkpoint: proof.checkpoint.clone().unwrap_or_default(),
    }
}

pub(super) fn consistency(proof: &Consistency) -> GetConsistencyProofResponse {
    GetConsistencyProofResponse { second: proof.second, path: hashes(&proof.path) }
}

pub(super) fn leaves(exported: &Exported) -> ExportLeavesResponse {
    ExportLeavesResponse { leaves: exported.0.iter().map(|leaf| Bytes::copy_from_slice(leaf)).collect() }
}

pub(super) fn timeline(story: &Story) -> GetTimelineResponse {
    let exported = story.episodes.iter().filter(|seen| seen.exported_revision > 0);
    let lifecycle_trace_ids = exported
        .map(|seen| {
            let (episode, revision) = (seen.episode.unsigned_abs(), seen.exported_revision.unsigned_abs());
            format!("{:032x}", u128::from_be_bytes(trace_id(story.consultation.uuid(), episode, revision)))
        })
        .collect();
    GetTimelineResponse { events: story.lines.iter().map(line).collect(), lifecycle_trace_ids }
}

fn line(line: &Line) -> TimelineEvent {
    let detail = match (line.subject.as_str(), line.detail.as_str()) {
        ("", detail) => detail.to_owned(),
        (subject, "") => subject.to_owned(),
        (subject, detail) => format!("{subject} {detail}"),
    };
    TimelineEvent {
        event: EventId::new(line.id).to_string(),
        time: Some(timestamp(line.at)),
        source: line.source.clone(),
        action: line.action.clone(),
        outcome: line.outcome.clone(),
        actor: line.actor.clone(),
        actor_name: line.actor_name.clone(),
        actor_role: line.actor_role.clone(),
        organisation_ods: line.organisation_ods.clone(),
        on_behalf_of_ods: line.on_behalf_of_ods.clone(),
        leaf_index: line.seq.unwrap_or(-1),
        detail,
    }
}

pub(super) fn no_loss((proof, at): &(no_loss::NoLoss, OffsetDateTime)) -> GetNoLossResponse {
    let breach = |breach: &no_loss::Breach| Breach {
        kind: breach.kind.as_str().to_owned(),
        subject: breach.subject.clone(),
        since: Some(timestamp(breach.since)),
    };
    let no_loss = NoLoss {
        holds: proof.holds(),
        received: proof.counts.received,
        in_transit: proof.counts.in_transit,
        held: proof.counts.held,
        closed: proof.counts.closed,
        quarantined: proof.counts.quarantined,
        rejected: proof.counts.rejected,
        breaches: proof.breaches.iter().map(breach).collect(),
        manifest_open: proof.manifest_open,
    };
    GetNoLossResponse {
        no_loss: Some(no_loss),
        compute_time: Some(timestamp(*at)),
        compare_time: proof.compared_since.map(timestamp),
    }
}

fn hashes(path: &[Hash]) -> Vec<Bytes> {
    path.iter().map(|hash| Bytes::copy_from_slice(hash)).collect()
}
