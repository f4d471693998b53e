//! Events of clinical alerts, in the stream of what they are about.

use ehub_identifiers::AlertId;
use ehub_postgres::Draft;
use ehub_proto::allocation::event::v1::{AlertAcknowledged, AlertRaised};
use prost::Message;
use uuid::Uuid;

use crate::domain::alert::AlertSubject;

fn parts(subject: AlertSubject) -> (Uuid, Option<Uuid>, String, String) {
    match subject {
        AlertSubject::Consultation(id) => (id.uuid(), Some(id.uuid()), id.to_string(), String::new()),
        AlertSubject::Quarantined(id) => (id.uuid(), None, String::new(), id.to_string()),
    }
}

/// Somebody is to be called.
pub const RAISED: &str = "ehub.allocation.event.v1.AlertRaised";

/// An alert was raised, or its duty person called again.
#[must_use]
pub fn raised(alert: AlertId, subject: AlertSubject) -> Draft {
    let (stream, id, consultation, quarantined) = parts(subject);
    let event = AlertRaised { alert: alert.to_string(), consultation, quarantined };
    Draft { stream: Some(stream), kind: RAISED, body: event.encode_to_vec(), consultation: id }
}

/// A duty person acknowledged an alert.
#[must_use]
pub fn acknowledged(alert: AlertId, subject: AlertSubject, person: &str) -> Draft {
    let (stream, id, consultation, quarantined) = parts(subject);
    let event = AlertAcknowledged { alert: alert.to_string(), consultation, subject: person.to_owned(), quarantined };
    Draft {
        stream: Some(stream),
        kind: "ehub.allocation.event.v1.AlertAcknowledged",
        body: event.encode_to_vec(),
        consultation: id,
    }
}
