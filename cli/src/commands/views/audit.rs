//! Audit's messages as values.

use ehub_proto::audit::v1::{Breach, NoLoss, TimelineEvent};
use serde_json::{Value, json};

use super::{stamp, text};

/// One line of a story.
pub fn timeline_event(event: &TimelineEvent) -> Value {
    json!({
        "event": event.event,
        "time": stamp(event.time.as_ref()),
        "source": event.source,
        "action": event.action,
        "outcome": event.outcome,
        "actor": text(&event.actor),
        "actor_name": text(&event.actor_name),
        "actor_role": text(&event.actor_role),
        "organisation_ods": text(&event.organisation_ods),
        "on_behalf_of_ods": text(&event.on_behalf_of_ods),
        "leaf_index": (event.leaf_index >= 0).then_some(event.leaf_index),
        "detail": text(&event.detail),
    })
}

/// The proof that nothing is lost.
pub fn no_loss(proof: &NoLoss, computed: Option<&prost_types::Timestamp>) -> Value {
    json!({
        "holds": proof.holds,
        "received": proof.received,
        "in_transit": proof.in_transit,
        "held": proof.held,
        "closed": proof.closed,
        "quarantined": proof.quarantined,
        "rejected": proof.rejected,
        "manifest_open": proof.manifest_open,
        "compute_time": stamp(computed),
        "breaches": proof.breaches.iter().map(breach).collect::<Vec<_>>(),
    })
}

fn breach(breach: &Breach) -> Value {
    json!({ "kind": breach.kind, "subject": breach.subject, "since": stamp(breach.since.as_ref()) })
}
